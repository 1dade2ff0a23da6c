"""Token merging: in every block the image tokens that attention finds alike become one, until few are left.

In the manner of SimVLG (Jian et al., 2023, arXiv 2310.03291, section 3.2) on stills, by attention's keys as in ToMe
(Bolya et al., 2022, arXiv 2210.09461). Ours: three narrow blocks for BERT's twelve, no class token to protect, and a
merged token has the average of its places, so that place survives.

System: SimVLG
Paper: arXiv 2310.03291
Not reproduced: merging over the frames of a video; the start from BERT; pre-training on 100 M images.
"""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from inkling.models import attention_cost as cost
from inkling.models.spec import ConnectorSpec, Inputs


class TokenMergingSpec(ConnectorSpec):
    """As many image tokens as the view has, less `merges` a block."""

    target: ClassVar[str] = "inkling.models.connectors.token_merging:TokenMergingConnector"

    type: Literal["token_merging"] = "token_merging"
    view: str = Field("grid7", description="the view of the image features that it reads")
    merges: int = Field(11, ge=0, description="pairs that become one token in each block; 0: a plain transformer")
    width: int = Field(128, ge=1, description="channels of a token between the blocks")
    layers: int = Field(3, ge=1, description="blocks")
    heads: int = Field(4, ge=1, description="attention heads; the width is a multiple of it")

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        cost.check_heads(self.heads, self.width)
        return self

    def image_tokens(self, inputs: Inputs) -> int:
        """What is left behind the last block.

        Raises:
            ValueError: If a block has fewer pairs than it is to merge.
        """
        left = inputs[self.view][0]
        for _ in range(self.layers):
            if self.merges > left // 2:
                whole = f"or read a view of more than the {inputs[self.view][0]} tokens of '{self.view}'"
                found = f"connector 'token_merging' cannot merge {self.merges} pairs of {left} tokens"
                raise ValueError(f"{found}: lower 'merges' or 'layers', {whole}")
            left -= self.merges
        return left

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """Input and output maps with their norms, two places of each token, the blocks and the scale."""
        (tokens, channels), width = inputs[self.view], self.width
        ends = (channels + 1 + 2 + tokens) * width + 2 * width + (width + 1 + 2 + tokens) * hidden_size
        return ends + self.layers * (cost.attention_params(width) + cost.feed_forward_params(width)) + 1

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The maps, and of each block attention, the likeness of keys, the sums of what is merged, and feed-forward."""
        (tokens, channels), width, merges = inputs[self.view], self.width, self.merges
        total, left = tokens * channels * width, tokens
        for _ in range(self.layers):
            others = left // 2
            merging = (left - others) * others * (width // self.heads) + others * merges * (width + hidden_size + 1)
            total += cost.attention_multiply_adds(left, left, width) + (merging if merges else 0)
            left -= merges
            total += cost.feed_forward_multiply_adds(left, width)
        return total + left * width * hidden_size


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.attention import MultiHeadAttention, feed_forward
from inkling.models.connectors.contract import Connector


def merge(carried: Tensor, sizes: Tensor, keys: Tensor, merges: int) -> tuple[Tensor, Tensor]:
    """Averages the most alike pairs of tokens, each pair one of an even and one of an odd place.

    Args:
        carried: What is averaged (batch, n, channels); n - merges of them are left.
        sizes: How many tokens each one holds (batch, n, 1), by which it weighs.
        keys: What tokens are compared by (batch, n, head size).
        merges: Pairs, at most n // 2.
    """
    alike = functional.normalize(keys[:, ::2], dim=2) @ functional.normalize(keys[:, 1::2], dim=2).transpose(1, 2)
    best, partner = alike.max(2)  # each (batch, evens)
    order = best.topk(best.shape[1], dim=1).indices
    total = torch.cat([carried * sizes, sizes], dim=2)  # sums, of which averages are made again below
    odds, ordered = total[:, 1::2], total[:, ::2].gather(1, order[:, :, None].expand(-1, -1, total.shape[2]))
    chosen = partner.gather(1, order[:, :merges])  # (batch, merges): the odd token that each is merged into
    goes = (torch.arange(odds.shape[1], device=chosen.device)[None, :, None] == chosen[:, None]).to(total.dtype)
    left = torch.cat([ordered[:, merges:], odds + goes @ ordered[:, :merges]], dim=1)
    return left[:, :, :-1] / left[:, :, -1:], left[:, :, -1:]


class MergingBlock(nn.Module):
    """Tokens attend to one another, the most alike become one, and what is left passes a feed-forward part."""

    def __init__(self, width: int, heads: int, merges: int) -> None:
        """Draws the weights."""
        super().__init__()
        self._merges = merges
        self.norm, self.attention = nn.LayerNorm(width), MultiHeadAttention(width, heads)
        self.feed_forward = feed_forward(width)

    def forward(self, tokens: Tensor, places: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens (batch, n, width), their places (batch, n, hidden_size) and sizes (batch, n, 1), fewer of each."""
        normed = self.norm(tokens)
        keys = self.attention.keys(normed)  # (batch, heads, n, head size)
        tokens = tokens + self.attention(normed, normed, keys)
        if self._merges:
            carried, sizes = merge(torch.cat([tokens, places], dim=2), sizes, keys.mean(1), self._merges)
            tokens, places = carried.split([tokens.shape[2], places.shape[2]], dim=2)
        return tokens + self.feed_forward(tokens), places, sizes


class TokenMergingConnector(Connector):
    """Image features (batch, tokens, channels) to the image tokens that are left (batch, left, hidden_size)."""

    def __init__(self, spec: TokenMergingSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws places and blocks; `positions` are those of the view's tokens, merged along with them."""
        super().__init__(spec, inputs, hidden_size)
        (tokens, channels), last = inputs[spec.view], nn.Linear(spec.width, hidden_size)
        self.positions = nn.Parameter(torch.zeros(tokens, hidden_size))
        self.into = nn.Sequential(nn.Linear(channels, spec.width), nn.LayerNorm(spec.width))
        self.places = nn.Parameter(torch.randn(tokens, spec.width))
        self.blocks = nn.ModuleList(MergingBlock(spec.width, spec.heads, spec.merges) for _ in range(spec.layers))
        self.out = nn.Sequential(nn.LayerNorm(spec.width), last, nn.LayerNorm(hidden_size))

    def merged(self, *views: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What each image token shows and where (batch, left, hidden_size), and how many tokens it holds (.., 1)."""
        (features,) = self.standardise(*views)
        tokens = self.into(features) + self.places
        places, sizes = self.positions.expand(features.shape[0], -1, -1), torch.ones_like(features[:, :, :1])
        for block in self.blocks:
            tokens, places, sizes = block(tokens, places, sizes)
        return self.out(tokens), places, sizes

    def contents(self, *views: Tensor) -> Tensor:
        """What each image token shows (batch, left, hidden_size)."""
        return self.merged(*views)[0]

    def forward(self, *views: Tensor) -> Tensor:
        """Image tokens (batch, left, hidden_size)."""
        shown, places, _ = self.merged(*views)
        return shown * self.scale + places
