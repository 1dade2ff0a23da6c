"""Composite attention: text looks at image tokens, which look at nothing but themselves.

EE-MLLM (Ma et al., 2024, arXiv 2408.11795), composite attention and its training-free use EE-MLLM-F. Image tokens stand
before the text and do not attend to one another; each layer's own weights carry them on, without a new parameter. Here
that is a mask: attention over oneself alone gives W_o W_v x, then the layer's feed-forward part follows. The paper's
page leaves open which of the layer's weights its aligner reuses: that it is these is a reconstruction. Not reproduced
is the time: attention among image tokens is masked and still computed.

It has no weights, so it also fits a model that was trained with `prefix` (EE-MLLM-F).

System: EE-MLLM
Paper: arXiv 2408.11795
Not reproduced: the time that it saves (79 ms of prefill): attention among image tokens is masked and still computed.
"""

from typing import ClassVar, Literal

from inkling.models.spec import FusionSpec, LanguageSpec


class EeMllmSpec(FusionSpec):
    """A position for each image token, which sees only itself, and no weights (EE-MLLM)."""

    target: ClassVar[str] = "inkling.models.fusion.ee_mllm:CompositeAttention"
    trainable: ClassVar[bool] = False

    type: Literal["ee_mllm"] = "ee_mllm"

    def positions(self, image_tokens: int) -> int:
        """One for each image token."""
        return image_tokens

    def num_params(self, language: LanguageSpec) -> int:
        """None."""
        return 0


from torch import Tensor

from inkling.models.fusion.contract import Fusion, Memory


class CompositeAttention(Fusion):
    """Puts the image tokens behind `<|bos|>` and lets each of them see only itself."""

    def remember(self, image_tokens: Tensor) -> Memory:
        """The image tokens (batch, image_tokens, hidden_size)."""
        return {"image_tokens": image_tokens}

    def prefix(self, memory: Memory) -> Tensor:
        """The image tokens (batch, image_tokens, hidden_size)."""
        return memory["image_tokens"]

    def mask(self, mask: Tensor, positions: int) -> Tensor:
        """Who sees whom (batch, 1, s, s): the rows of the image tokens hold themselves and no other."""
        composite = mask.clone()
        image = slice(1, 1 + positions)
        composite[:, :, image] = False
        composite[:, :, image, image].diagonal(dim1=2, dim2=3).fill_(True)
        return composite
