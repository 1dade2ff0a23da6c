"""What every fusion does: it takes an image's tokens and lets a language model's pass over the text read them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor, nn

from inkling.models.fusion import FUSIONS
from inkling.models.language import LANGUAGE_MODELS
from inkling.models.spec import FusionSpec, LanguageSpec

Memory = Mapping[str, Tensor]
"""What a pass keeps of each image, by name; every tensor begins with the batch dimension."""


class Fusion(nn.Module, ABC):
    """How image tokens enter a language model: in its sequence, in its attention, in its layers.

    Attributes:
        spec: The settings that it was built from.
        language: The language model that it was built for.
    """

    def __init__(self, spec: FusionSpec, language: LanguageSpec) -> None:
        """Holds the settings."""
        super().__init__()
        self.spec, self.language = spec, language

    @property
    def config(self) -> dict[str, Any]:
        """What `build_fusion` builds the same network of, as JSON values."""
        return {"spec": self.spec.model_dump(mode="json"), "language": self.language.model_dump(mode="json")}

    @abstractmethod
    def remember(self, image_tokens: Tensor) -> Memory:
        """What is kept of image tokens (batch, image_tokens, hidden_size), once an image for all questions about it."""

    def prefix(self, memory: Memory) -> Tensor | None:
        """Inputs behind the text's first token (batch, positions, hidden_size); None where there are none."""
        return None

    def mask(self, mask: Tensor, positions: int) -> Tensor:
        """Who sees whom, after this fusion's changes.

        Args:
            mask: Whether token i sees token j, bool (batch, 1, s, s).
            positions: How many of the s tokens, those behind the first one, are the image's.
        """
        return mask

    def inside(self, network: nn.Module, memory: Memory | None) -> AbstractContextManager[None]:
        """Changes the language model's layers for one pass, and leaves no trace of it.

        Args:
            network: The language model.
            memory: What is kept of the images; None for a pass without one, which must be the bare model's to the bit.
        """
        return nullcontext()


def build_fusion(config: Mapping[str, Any]) -> Fusion:
    """Builds a fusion from the `config` that it was saved with.

    Raises:
        ConfigError: If there is no fusion of that name, or it does not take a setting.
    """
    fusion: Fusion = FUSIONS.read(config["spec"]).build(LANGUAGE_MODELS.read(config["language"]))
    return fusion
