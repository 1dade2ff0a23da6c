"""The MLP connector: standardise, project, normalise, and say where in the grid each token lies."""

import torch
from torch import Tensor, nn

from inkling.models.connectors.connector import Connector

DEVIATION_FLOOR = 1e-4


class MlpConnector(Connector):
    """Maps grid tokens (batch, tokens, channels) to language-model inputs (batch, tokens, width).

    Features are standardised per channel with statistics of the training features and clamped, then pass
    channels-hidden-GELU-width and a LayerNorm, are scaled to the size of the language model's embeddings, and a learnt
    position is added for each place of the grid.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int, hidden: int, width: int, tokens: int, clamp: float = 6.0) -> None:
        """Builds the connector with statistics that change nothing.

        Args:
            channels: Channels of the encoder's features.
            hidden: Width of the hidden layer.
            width: Width of the language model.
            tokens: Places in the grid.
            clamp: Bound of a standardised feature, in standard deviations.
        """
        super().__init__()
        self.config = {
            "type": "mlp", "channels": channels, "hidden": hidden, "width": width, "tokens": tokens, "clamp": clamp
        }  # fmt: skip
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.project = nn.Sequential(
            nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, width), nn.LayerNorm(width)
        )
        self.scale = nn.Parameter(torch.ones(()))
        self.positions = nn.Parameter(torch.zeros(tokens, width))

    @torch.no_grad()
    def learn_statistics(self, grid: Tensor) -> None:
        """Takes the mean and deviation of each channel from training features (images, tokens, channels)."""
        flat = grid.reshape(-1, grid.shape[-1]).double()
        self.mean.copy_(flat.mean(0))
        self.deviation.copy_(flat.std(0).clamp_min(DEVIATION_FLOOR))

    @torch.no_grad()
    def match_embeddings(self, embeddings: Tensor) -> None:
        """Sets the scale of the outputs to the deviation of a language model's embeddings (vocabulary, width)."""
        self.scale.copy_(embeddings.double().std())

    def standardise(self, grid: Tensor) -> Tensor:
        """Features in standard deviations from the training mean, clamped; same shape."""
        clamp = self.config["clamp"]
        return ((grid - self.mean) / self.deviation).clamp(-clamp, clamp)

    def contents(self, grid: Tensor) -> Tensor:
        """What each token shows, without where it lies (batch, tokens, width)."""
        return self.project(self.standardise(grid)) * self.scale

    def forward(self, grid: Tensor) -> Tensor:
        """Language-model inputs (batch, tokens, width)."""
        return self.contents(grid) + self.positions
