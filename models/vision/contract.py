"""What every vision encoder can do."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Encoder(nn.Module, ABC):
    """Turns normalised pixels into the views of image features that it was built for."""

    def load_published(self, weights: bytes | None) -> None:
        """Takes its weights as their authors publish them; by default those that it was built with are its weights.

        Args:
            weights: The file of the spec's data package; None where it names none.

        Raises:
            ValueError: If they are not those of this network.
        """

    @abstractmethod
    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes (batch, 3, image_size, image_size) to each view, (batch, tokens, channels)."""
