"""Language models: Llama-style networks, and presets of their sizes."""

from typing import Any

from inkling.models.spec import LanguageSpec, Registry

LANGUAGE_MODELS = Registry("language model", __name__, LanguageSpec)


def spec_of(network: Any) -> LanguageSpec:
    """The spec of a network that exists.

    Args:
        network: A Hugging Face model, whose `config.model_type` names its plug-in.
    """
    return LANGUAGE_MODELS.find(network.config.model_type).of(network.config)
