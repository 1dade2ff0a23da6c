"""The Q-Former: a few learnt queries gather what an image shows (BLIP-2, Li et al., 2023, arXiv 2301.12597, sec. 3.1).

The queries attend to one another in every block and to the image tokens in every second one, counted from the first.
Ours, where the paper starts from BERT: random weights, norms before each part rather than behind it, fewer and narrower
blocks, and learnt places on the image tokens, which the paper's ViT brings along. Of the paper's first stage the loss
between queries and text is the objective `word_contrast` or `image_text_contrast`; matching and captioning inside the
Q-Former are left out.

System: Q-Former
Paper: BLIP-2, arXiv 2301.12597
Not reproduced: the start from BERT; matching and captioning losses of the first stage; 129 M image-text pairs.
"""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from inkling.models import attention_cost as cost
from inkling.models.spec import ConnectorSpec, Inputs


class QformerSpec(ConnectorSpec):
    """`queries` image tokens, however many the view has."""

    target: ClassVar[str] = "inkling.models.connectors.qformer:QformerConnector"

    type: Literal["qformer"] = "qformer"
    queries: int = Field(8, ge=1, description="learnt queries, and so image tokens")
    width: int = Field(128, ge=1, description="channels of a query")
    layers: int = Field(2, ge=1, description="blocks")
    heads: int = Field(4, ge=1, description="attention heads; the width is a multiple of it")
    every: int = Field(2, ge=1, description="blocks from one look at the image to the next")

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        cost.check_heads(self.heads, self.width)
        return self

    @property
    def looks(self) -> int:
        """Blocks that look at the image."""
        return -(-self.layers // self.every)

    def image_tokens(self, inputs: Inputs) -> int:
        """One a query."""
        return self.queries

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """Input and output maps with their norms, places, queries, the blocks, the scale and the positions."""
        (tokens, channels), width = inputs[self.view], self.width
        ends = (channels + 1 + 2 + tokens + self.queries) * width + 2 * width + (width + 1 + 2) * hidden_size
        attentions = (self.layers + self.looks) * cost.attention_params(width)
        blocks = attentions + self.layers * cost.feed_forward_params(width)
        return ends + blocks + 1 + self.queries * hidden_size

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The maps, each attention with its products, and the feed-forward parts."""
        (tokens, channels), width, queries = inputs[self.view], self.width, self.queries
        ends = tokens * channels * width + queries * width * hidden_size
        own, look = (cost.attention_multiply_adds(queries, seen, width) for seen in (queries, tokens))
        return ends + self.layers * (own + cost.feed_forward_multiply_adds(queries, width)) + self.looks * look


import torch
from torch import Tensor, nn

from inkling.models.attention import MultiHeadAttention, feed_forward
from inkling.models.connectors.contract import Connector


class QformerBlock(nn.Module):
    """Queries attend to one another, then perhaps to the image, then pass a feed-forward part; each is added."""

    def __init__(self, width: int, heads: int, looks: bool) -> None:
        """Draws the weights.

        Args:
            width: Channels of a query.
            heads: Attention heads.
            looks: Whether this block attends to the image.
        """
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), MultiHeadAttention(width, heads)
        self.look_norm = nn.LayerNorm(width) if looks else None
        self.look = MultiHeadAttention(width, heads) if looks else None
        self.feed_forward = feed_forward(width)

    def forward(self, queries: Tensor, image: Tensor) -> Tensor:
        """Queries (batch, queries, width) after a look at the image (batch, tokens, width), same shape."""
        normed = self.norm(queries)
        queries = queries + self.attention(normed, normed)
        if self.look is not None and self.look_norm is not None:
            queries = queries + self.look(self.look_norm(queries), image)
        added: Tensor = self.feed_forward(queries)
        return queries + added


class QformerConnector(Connector):
    """Image features (batch, tokens, channels) to image tokens (batch, queries, hidden_size)."""

    def __init__(self, spec: QformerSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws queries, places and blocks."""
        super().__init__(spec, inputs, hidden_size)
        tokens, channels = inputs[spec.view]
        self.into = nn.Sequential(nn.Linear(channels, spec.width), nn.LayerNorm(spec.width))
        self.places = nn.Parameter(torch.randn(tokens, spec.width))
        self.queries = nn.Parameter(torch.randn(spec.queries, spec.width))
        self.blocks = nn.ModuleList(
            QformerBlock(spec.width, spec.heads, index % spec.every == 0) for index in range(spec.layers)
        )
        self.out = nn.Sequential(
            nn.LayerNorm(spec.width), nn.Linear(spec.width, hidden_size), nn.LayerNorm(hidden_size)
        )

    def contents(self, *views: Tensor) -> Tensor:
        """What each query found (batch, queries, hidden_size)."""
        (features,) = self.standardise(*views)
        image = self.into(features) + self.places  # (batch, tokens, width)
        queries = self.queries.expand(features.shape[0], -1, -1)  # (batch, queries, width)
        for block in self.blocks:
            queries = block(queries, image)
        shown: Tensor = self.out(queries)
        return shown
