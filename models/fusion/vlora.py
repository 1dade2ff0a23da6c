"""Perception as weights: an image becomes a low-rank change of the language model's matrices, for its own row alone.

VLoRA (Ma et al., 2024, arXiv 2405.20339, section 3). A generator of learned queries reads the image tokens and gives a
matrix A of each image for each changed module; the module's output y = W x becomes W x + B A x, where B is learned,
the same for all images and zero at the start, so that an adaptation begins at the bare language model. No image token
stands in the sequence. Ours are the sizes, that one generator serves all modules where the paper has one for each type
of weight, that the types are q, v and the feed-forward part as a whole (m), and that the positions of image tokens are
the connector's. With alpha = r, as in the paper's script, the product is not scaled.

System: VLoRA
Paper: arXiv 2405.20339
Not reproduced: a generator for each type of weight; all types of weight; 30 M pairs of training.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import FusionSpec, LanguageSpec


class VloraSpec(FusionSpec):
    """Queries, values and the feed-forward part of every layer are changed; the image takes no position (VLoRA)."""

    target: ClassVar[str] = "inkling.models.fusion.vlora:PerceptualWeights"
    languages: ClassVar[tuple[str, ...]] = ("llama",)

    type: Literal["vlora"] = "vlora"
    rank: int = Field(8, ge=1, description="rank of the change of a matrix")
    width: int = Field(64, ge=1, description="channels of the generator, a multiple of its heads")
    blocks: int = Field(2, ge=1, description="blocks of the generator")
    heads: int = Field(4, ge=1, description="attention heads of the generator")

    def positions(self, image_tokens: int) -> int:
        """None."""
        return 0

    def outputs(self, language: LanguageSpec) -> dict[str, int]:
        """Channels that come out of each changed module, by its name.

        Raises:
            ValueError: If the heads do not divide the width, or the rank is not below that of the matrices.
        """
        width, keys = language.hidden_size, language.key_value_size
        if self.width % self.heads:
            raise ValueError(f"fusion 'vlora' has {self.heads} heads, which do not divide its width {self.width}")
        if self.rank >= keys:
            raise ValueError(f"fusion 'vlora': rank {self.rank} is not below the {keys} channels of the values")
        sizes = {"self_attn.q_proj": width, "self_attn.v_proj": keys, "mlp": width}
        return {f"layers.{layer}.{name}": sizes[name] for layer in range(language.num_hidden_layers) for name in sizes}

    def num_params(self, language: LanguageSpec) -> int:
        """The generator with its queries, and B of each changed module."""
        w, out = self.width, self.outputs(language)
        generator = language.hidden_size * w + len(out) * w + self.blocks * (16 * w**2 + 4 * w)
        return generator + w + self.rank * (w * language.hidden_size + sum(out.values()))

    def multiply_adds(self, language: LanguageSpec, image_tokens: int, text_tokens: int) -> int:
        """The generator on its queries and the image tokens; A and B of each changed module on the text."""
        w, d, out, n = self.width, language.hidden_size, self.outputs(language), image_tokens
        q = len(out)
        block = 14 * q * w**2 + 2 * q**2 * w + 2 * n * w**2 + 2 * q * n * w
        generator = n * d * w + self.blocks * block + q * w * d * self.rank
        return generator + text_tokens * self.rank * (q * d + sum(out.values()))


from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.attention import MultiHeadAttention
from inkling.models.fusion.contract import Fusion, Memory
from inkling.models.fusion.hooks import after_modules


class GeneratorBlock(nn.Module):
    """Queries look at one another, then at the image, then pass a feed-forward part; each part is normed before."""

    def __init__(self, width: int, heads: int) -> None:
        """Draws the matrices."""
        super().__init__()
        self.own_norm, self.image_norm, self.query_norm, self.inner_norm = (nn.RMSNorm(width) for _ in range(4))
        self.own, self.image = MultiHeadAttention(width, heads), MultiHeadAttention(width, heads)
        self.into, self.out = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, queries: Tensor, image: Tensor) -> Tensor:
        """Queries (batch, modules, width) that have read image tokens (batch, n, width)."""
        own = self.own_norm(queries)
        queries = queries + self.own(own, own)
        queries = queries + self.image(self.query_norm(queries), self.image_norm(image))
        read: Tensor = queries + self.out(functional.gelu(self.into(self.inner_norm(queries))))
        return read


class PerceptualWeights(Fusion):
    """Makes A (batch, hidden_size, rank) of each changed module from an image; B (channels out, rank) is learned."""

    def __init__(self, spec: VloraSpec, language: LanguageSpec) -> None:
        """Draws the generator; every B is zero."""
        super().__init__(spec, language)
        outputs, size = spec.outputs(language), language.hidden_size
        self._modules_changed, self._rank = list(outputs), spec.rank
        self.enter = nn.Linear(size, spec.width, bias=False)
        self.queries = nn.Parameter(torch.randn(len(outputs), spec.width))
        self.blocks = nn.ModuleList(GeneratorBlock(spec.width, spec.heads) for _ in range(spec.blocks))
        self.norm = nn.RMSNorm(spec.width)
        self.make = nn.Linear(spec.width, size * spec.rank, bias=False)
        nn.init.normal_(self.make.weight, std=(spec.width * size) ** -0.5)  # A x is about as large as a channel of x
        self.expand = nn.ParameterList(torch.zeros(out, spec.rank) for out in outputs.values())

    def remember(self, image_tokens: Tensor) -> Memory:
        """A of each changed module, each (batch, hidden_size, rank)."""
        image = self.enter(image_tokens)  # (batch, image_tokens, width)
        queries = self.queries.expand(len(image), -1, -1)  # (batch, modules, width)
        for block in self.blocks:
            queries = block(queries, image)
        made = self.make(self.norm(queries)).unflatten(2, (-1, self._rank))  # (batch, modules, hidden_size, rank)
        return dict(zip(self._modules_changed, made.unbind(1), strict=True))

    def inside(self, network: nn.Module, memory: Memory | None) -> AbstractContextManager[None]:
        """Adds each image's change to the outputs of its row; nothing without images."""
        if memory is None:
            return nullcontext()
        pairs = zip(self._modules_changed, self.expand, strict=True)
        return after_modules(network, {name: partial(changed, a=memory[name], b=b) for name, b in pairs})


def changed(inputs: Tensor, output: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """A module's output (batch, s, out) of inputs (batch, s, hidden_size), changed by the product of A and B.

    Row i of the batch is changed by its own A (batch, hidden_size, rank); B (out, rank) is the same for all.
    """
    return output + ((inputs @ a) @ b.T).to(output.dtype)
