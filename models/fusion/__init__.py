"""Fusions: how image tokens enter a language model."""

from inkling.models.spec import FusionSpec, Registry

FUSIONS = Registry("fusion", __name__, FusionSpec)
