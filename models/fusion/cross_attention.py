"""Gated cross-attention: text looks at the image between layers (Flamingo, Alayrac et al., 2022, arXiv 2204.14198).

A gate of tanh(0) closes it at the start, so that an adaptation begins at the bare language model. Of Flamingo's block
the attention is kept and the second feed-forward part left out.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import FusionSpec, LanguageSpec


class CrossAttentionSpec(FusionSpec):
    """Text attends to the image tokens after every so many layers; the image takes no position of the sequence."""

    target: ClassVar[str] = "inkling.models.fusion.cross_attention:CrossAttentionFusion"

    type: Literal["cross_attention"] = "cross_attention"
    every: int = Field(2, ge=1, description="layers from one cross-attention to the next; it follows the last of them")
    heads: int = Field(4, ge=1, description="attention heads; the hidden size is a multiple of it")

    def positions(self, image_tokens: int) -> int:
        """None."""
        return 0

    def layers(self, language: LanguageSpec) -> range:
        """Indices of the layers that a cross-attention follows.

        Raises:
            ValueError: If the language model has fewer layers, or its hidden size is no multiple of the heads.
        """
        if self.every > language.num_hidden_layers:
            raise ValueError(
                f"fusion 'cross_attention' follows every {self.every} layers, but the language model has "
                f"{language.num_hidden_layers}: lower 'every'"
            )
        if language.hidden_size % self.heads:
            raise ValueError(
                f"fusion 'cross_attention' has {self.heads} heads, which do not divide the hidden size "
                f"{language.hidden_size}: change 'heads'"
            )
        return range(self.every - 1, language.num_hidden_layers, self.every)

    def num_params(self, language: LanguageSpec) -> int:
        """Four matrices, two norms and a gate for each cross-attention."""
        width = language.hidden_size
        return len(self.layers(language)) * (4 * width**2 + 2 * width + 1)

    def multiply_adds(self, language: LanguageSpec, image_tokens: int, text_tokens: int) -> int:
        """Keys and values of the image tokens; queries, output and attention of the text."""
        width = language.hidden_size
        once, each = 2 * image_tokens * width**2, 2 * width**2 + 2 * image_tokens * width
        return len(self.layers(language)) * (once + text_tokens * each)


from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.fusion.contract import Fusion, Memory
from inkling.models.fusion.hooks import after_layers


class GatedAttention(nn.Module):
    """One cross-attention, added to hidden states through a gate that starts closed."""

    def __init__(self, hidden_size: int, heads: int) -> None:
        """Draws the matrices."""
        super().__init__()
        self._heads = heads
        self.text_norm, self.image_norm = nn.RMSNorm(hidden_size), nn.RMSNorm(hidden_size)
        self.query, self.key, self.value, self.output = (
            nn.Linear(hidden_size, hidden_size, bias=False) for _ in range(4)
        )
        self.gate = nn.Parameter(torch.zeros(()))

    def remember(self, image_tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of image tokens (batch, n, hidden_size), each (batch, heads, n, head size)."""
        image = self.image_norm(image_tokens)
        return self._split(self.key(image)), self._split(self.value(image))

    def forward(self, hidden: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Hidden states (batch, s, hidden_size) with what they find in the image, same shape."""
        query = self._split(self.query(self.text_norm(hidden)))  # (batch, heads, s, head size)
        found = functional.scaled_dot_product_attention(query, key, value)  # (batch, heads, s, head size)
        added: Tensor = self.output(found.transpose(1, 2).flatten(2))  # (batch, s, hidden_size)
        return hidden + self.gate.tanh() * added

    def _split(self, tensor: Tensor) -> Tensor:
        """(batch, n, hidden_size) to (batch, heads, n, head size)."""
        return tensor.unflatten(2, (self._heads, -1)).transpose(1, 2)


class CrossAttentionFusion(Fusion):
    """A `GatedAttention` after every so many layers; keys and values of an image are computed once."""

    def __init__(self, spec: CrossAttentionSpec, language: LanguageSpec) -> None:
        """Draws the matrices of each cross-attention."""
        super().__init__(spec, language)
        self._layers = spec.layers(language)
        self.attentions = nn.ModuleList(GatedAttention(language.hidden_size, spec.heads) for _ in self._layers)

    def remember(self, image_tokens: Tensor) -> Memory:
        """Keys and values for each cross-attention, each (batch, heads, image_tokens, head size)."""
        memory = {}
        for index, attention in zip(self._layers, self.attentions, strict=True):
            memory[f"{index}.key"], memory[f"{index}.value"] = attention.remember(image_tokens)
        return memory

    def inside(self, network: nn.Module, memory: Memory | None) -> AbstractContextManager[None]:
        """Adds the cross-attentions to the language model's layers; nothing without images."""
        if memory is None:
            return nullcontext()
        return after_layers(
            network,
            {
                index: partial(attention, key=memory[f"{index}.key"], value=memory[f"{index}.value"])
                for index, attention in zip(self._layers, self.attentions, strict=True)
            },
        )
