"""Modulated norms: what the image shows shifts the affine parameters of a layer's norms, token by token.

In the manner of LaVi (Yue et al., 2025, arXiv 2506.16691): no image token stands in the sequence. In chosen layers the
norm of token t becomes (gamma + dgamma_t) * norm(x_t) + dbeta_t, where both deltas come from a module that reads the
text's hidden state and the image tokens. A reconstruction, no code being public: the module (cross-attention from the
normed state, then a matrix that starts at zero, so that an adaptation begins at the bare language model) and which
layers have it. A Llama's norm has no beta: the delta adds one.

System: LaVi
Paper: arXiv 2506.16691
Not reproduced: 94 % fewer operations, true only beside thousands of image tokens; video; its conditioning modules.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import FusionSpec, LanguageSpec


class LaviSpec(FusionSpec):
    """Both norms of every so many layers are modulated; the image takes no position of the sequence (LaVi)."""

    target: ClassVar[str] = "inkling.models.fusion.lavi:ModulatedNorms"
    languages: ClassVar[tuple[str, ...]] = ("llama",)

    type: Literal["lavi"] = "lavi"
    every: int = Field(2, ge=1, description="layers from one modulated layer to the next; it is the last of them")
    heads: int = Field(4, ge=1, description="attention heads; the hidden size is a multiple of it")

    def positions(self, image_tokens: int) -> int:
        """None."""
        return 0

    def layers(self, language: LanguageSpec) -> range:
        """Indices of the layers whose norms are modulated.

        Raises:
            ValueError: If the language model has fewer layers, or its hidden size is no multiple of the heads.
        """
        count, width = language.num_hidden_layers, language.hidden_size
        if self.every > count:
            raise ValueError(
                f"fusion 'lavi' modulates one of every {self.every} layers, but the language model has {count}: "
                "lower 'every'"
            )
        if width % self.heads:
            raise ValueError(
                f"fusion 'lavi' has {self.heads} heads, which do not divide the hidden size {width}: change 'heads'"
            )
        return range(self.every - 1, count, self.every)

    def num_params(self, language: LanguageSpec) -> int:
        """For each of two norms a layer: queries, keys, values, the matrix to both deltas, the image's norm."""
        width = language.hidden_size
        return 2 * len(self.layers(language)) * (5 * width**2 + width)

    def multiply_adds(self, language: LanguageSpec, image_tokens: int, text_tokens: int) -> int:
        """Keys and values of the image tokens; queries, both deltas and attention of the text."""
        width = language.hidden_size
        once, each = 2 * image_tokens * width**2, 3 * width**2 + 2 * image_tokens * width
        return 2 * len(self.layers(language)) * (once + text_tokens * each)


from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.fusion.contract import Fusion, Memory
from inkling.models.fusion.hooks import after_modules

SITES = ("input_layernorm", "post_attention_layernorm")


class Modulation(nn.Module):
    """The deltas of one norm; at the start they are zero."""

    def __init__(self, hidden_size: int, heads: int) -> None:
        """Draws the matrices but for the last."""
        super().__init__()
        self._heads = heads
        self.image_norm = nn.RMSNorm(hidden_size)
        self.query, self.key, self.value = (nn.Linear(hidden_size, hidden_size, bias=False) for _ in range(3))
        self.deltas = nn.Linear(hidden_size, 2 * hidden_size, bias=False)
        nn.init.zeros_(self.deltas.weight)

    def remember(self, image_tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of image tokens (batch, n, hidden_size), each (batch, heads, n, head size)."""
        image = self.image_norm(image_tokens)
        return self._split(self.key(image)), self._split(self.value(image))

    def forward(self, hidden: Tensor, output: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """What the norm gives now.

        Args:
            hidden: What the norm read (batch, s, hidden_size).
            output: What it gave by itself, same shape.
            key: Keys of the image tokens.
            value: Their values.
        """
        normed = functional.rms_norm(hidden, hidden.shape[-1:], eps=1e-6).to(output.dtype)
        found = functional.scaled_dot_product_attention(self._split(self.query(normed)), key, value)
        gamma, beta = self.deltas(found.transpose(1, 2).flatten(2)).chunk(2, dim=-1)  # each (batch, s, hidden_size)
        return output + gamma * normed + beta

    def _split(self, tensor: Tensor) -> Tensor:
        """(batch, n, hidden_size) to (batch, heads, n, head size)."""
        return tensor.unflatten(2, (self._heads, -1)).transpose(1, 2)


class ModulatedNorms(Fusion):
    """A `Modulation` for both norms of every so many layers; keys and values of an image are computed once."""

    def __init__(self, spec: LaviSpec, language: LanguageSpec) -> None:
        """Draws the matrices of each modulation."""
        super().__init__(spec, language)
        self._sites = [f"layers.{layer}.{site}" for layer in spec.layers(language) for site in SITES]
        self.modulations = nn.ModuleList(Modulation(language.hidden_size, spec.heads) for _ in self._sites)

    def remember(self, image_tokens: Tensor) -> Memory:
        """Keys and values for each modulation, each (batch, heads, image_tokens, head size)."""
        memory: dict[str, torch.Tensor] = {}
        for site, modulation in zip(self._sites, self.modulations, strict=True):
            memory[f"{site}.key"], memory[f"{site}.value"] = modulation.remember(image_tokens)
        return memory

    def inside(self, network: nn.Module, memory: Memory | None) -> AbstractContextManager[None]:
        """Modulates the norms; nothing without images."""
        if memory is None:
            return nullcontext()
        return after_modules(
            network,
            {
                site: partial(modulation, key=memory[f"{site}.key"], value=memory[f"{site}.value"])
                for site, modulation in zip(self._sites, self.modulations, strict=True)
            },
        )
