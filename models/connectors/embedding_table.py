"""The visual embedding table: an image token is a mixture of the rows of a table, as a word's embedding is one row.

After Ovis (Lu et al., 2024, arXiv 2405.20797, section 3.1): a head gives each image feature a distribution over visual
words, and the image token is that distribution times the table. Ours: 512 rows where the paper has 131,072; rows may
begin as embeddings of the language model, scaled to unit deviation; the contract's scale and positions follow. The
paper's tokens that mark begin and end of an image, and its schedule of temperatures, are left out.

System: Ovis
Paper: arXiv 2405.20797
Not reproduced: a table of 131,072 rows; tokens for begin and end of an image; temperatures that change in training.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import ConnectorSpec, Inputs


class EmbeddingTableSpec(ConnectorSpec):
    """One image token for each token of the view, out of a table of `rows` visual words."""

    target: ClassVar[str] = "inkling.models.connectors.embedding_table:EmbeddingTableConnector"

    type: Literal["embedding_table"] = "embedding_table"
    rows: int = Field(512, ge=2, description="visual words, the rows of the table")
    temperature: float = Field(1.0, gt=0, description="divides what the head says of each row; low: nearly one row")
    start: Literal["embeddings", "random"] = Field(
        "embeddings", description="the table's first rows: embeddings of the language model, or drawn from N(0, 1)"
    )

    def image_tokens(self, inputs: Inputs) -> int:
        """As many as the view has."""
        return inputs[self.view][0]

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """The head with its norm, the table, the scale and the positions."""
        tokens, channels = inputs[self.view]
        return self.rows * (channels + 2 + hidden_size) + 1 + tokens * hidden_size

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The head and the mixture of each token."""
        tokens, channels = inputs[self.view]
        return tokens * self.rows * (channels + hidden_size)


import torch
from torch import Tensor, nn

from inkling.models.connectors.contract import Connector


class EmbeddingTableConnector(Connector):
    """Image features (batch, tokens, channels) to image tokens (batch, tokens, hidden_size)."""

    def __init__(self, spec: EmbeddingTableSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws head and table."""
        super().__init__(spec, inputs, hidden_size)
        self._temperature, self._from_embeddings = spec.temperature, spec.start == "embeddings"
        self.head = nn.Sequential(nn.Linear(inputs[spec.view][1], spec.rows, bias=False), nn.LayerNorm(spec.rows))
        self.table = nn.Parameter(torch.randn(spec.rows, hidden_size))

    @torch.no_grad()
    def match_embeddings(self, embeddings: Tensor) -> None:
        """Takes rows from a language model's embeddings (vocabulary, hidden_size), evenly over it, if so stated."""
        super().match_embeddings(embeddings)
        if self._from_embeddings:
            count = min(len(self.table), len(embeddings))
            chosen = torch.arange(count) * len(embeddings) // count
            self.table[:count] = embeddings[chosen] / embeddings.std()

    def distribution(self, *views: Tensor) -> Tensor:
        """How much of each row an image token is (batch, tokens, rows), in sum 1."""
        (features,) = self.standardise(*views)
        return torch.softmax(self.head(features) / self._temperature, dim=2)

    def contents(self, *views: Tensor) -> Tensor:
        """The mixture of rows for each image token (batch, tokens, hidden_size)."""
        return self.distribution(*views) @ self.table
