"""Connectors: from image features to image tokens of a language model's hidden size."""

from inkling.models.spec import ConnectorSpec, Registry

CONNECTORS = Registry("connector", __name__, ConnectorSpec)
