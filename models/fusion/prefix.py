"""The prefix: image tokens stand before the question as if they were words (LLaVA, Liu et al., 2023, 2304.08485)."""

from typing import ClassVar, Literal

from inkling.models.spec import FusionSpec, LanguageSpec


class PrefixSpec(FusionSpec):
    """A position of the sequence for each image token, and no weights."""

    target: ClassVar[str] = "inkling.models.fusion.prefix:PrefixFusion"
    exportable: ClassVar[bool] = True
    several_images: ClassVar[bool] = True
    trainable: ClassVar[bool] = False

    type: Literal["prefix"] = "prefix"

    def positions(self, image_tokens: int) -> int:
        """One for each image token."""
        return image_tokens

    def num_params(self, language: LanguageSpec) -> int:
        """None."""
        return 0


from torch import Tensor

from inkling.models.fusion.contract import Fusion, Memory


class PrefixFusion(Fusion):
    """Keeps the image tokens as they are and puts them behind `<|bos|>`, before the question."""

    def remember(self, image_tokens: Tensor) -> Memory:
        """The image tokens (batch, image_tokens, hidden_size)."""
        return {"image_tokens": image_tokens}

    def prefix(self, memory: Memory) -> Tensor:
        """The image tokens (batch, image_tokens, hidden_size)."""
        return memory["image_tokens"]
