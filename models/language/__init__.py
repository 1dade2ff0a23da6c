"""Language models: Llama-style networks, and presets of their sizes."""

from inkling.models.spec import LanguageSpec, Registry

LANGUAGE_MODELS = Registry("language model", __name__, LanguageSpec)
