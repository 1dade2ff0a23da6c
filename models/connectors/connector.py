"""What every connector can do."""

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn


class Connector(nn.Module, ABC):
    """Maps grid tokens (batch, tokens, channels) to language-model inputs (batch, tokens, width).

    Attributes:
        config: `type`, its name in the registry, `channels`, `width`, `tokens`, and its further arguments.
    """

    config: dict[str, Any]

    @abstractmethod
    def learn_statistics(self, grid: Tensor) -> None:
        """Adapts to the scale of training features (images, tokens, channels)."""

    @abstractmethod
    def match_embeddings(self, embeddings: Tensor) -> None:
        """Adapts the size of the outputs to a language model's embeddings (vocabulary, width)."""

    @abstractmethod
    def contents(self, grid: Tensor) -> Tensor:
        """What each token shows, without where it lies (batch, tokens, width)."""

    @abstractmethod
    def forward(self, grid: Tensor) -> Tensor:
        """Language-model inputs (batch, tokens, width)."""
