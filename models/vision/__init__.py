"""Vision encoders: frozen networks that turn pixels into image features, and the preprocessing that they expect."""

from inkling.models.spec import EncoderSpec, Registry

ENCODERS = Registry("encoder", __name__, EncoderSpec)
