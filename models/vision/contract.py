"""What every vision encoder can do."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from inkling.models.vision.grid import TokenResampling


class Encoder(nn.Module, ABC):
    """Turns normalised pixels into the views of image features that it was built for.

    Attributes:
        crops_per_side: Crops along a side of the picture, each encoded alone; 1: the picture is encoded whole.
        class_token: Whether a class token stands before the patches of `tower`.
        resampling: What is done to each view that it encodes; nothing to any where it is None.
    """

    crops_per_side: int = 1
    class_token: bool = False

    def __init__(self) -> None:
        """Leaves the views as they are encoded."""
        super().__init__()
        self.resampling: nn.ModuleList | None = None

    def resample(self, sizes: Sequence[tuple[int, int | None]]) -> None:
        """Resamples its views from now on.

        Args:
            sizes: Tokens of each view, and the tokens along a side that it shall have; None leaves it as it is.
        """
        if any(side for _, side in sizes):
            self.resampling = nn.ModuleList(
                nn.Identity() if side is None else TokenResampling(math.isqrt(tokens), side) for tokens, side in sizes
            )

    @property
    def tower(self) -> Any:
        """The vision transformer of transformers whose last hidden state holds the view `patches`; None for others."""
        return None

    def load_published(self, weights: bytes | None) -> None:
        """Takes its weights as their authors publish them; by default those that it was built with are its weights.

        Args:
            weights: The file of the spec's data package; None where it names none.

        Raises:
            ValueError: If they are not those of this network.
        """

    @abstractmethod
    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes pictures or crops (batch, 3, image_size, image_size) to each view, (batch, tokens, channels)."""

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes pictures to each view, the tokens of the crops one after another, from left to right and downwards.

        Args:
            pixels: (batch, 3, crops_per_side * image_size, crops_per_side * image_size).
        """
        side = self.crops_per_side
        if side == 1:
            return self._resampled(self.encode(pixels))
        size = int(pixels.shape[-1]) // side
        parts = pixels.reshape(-1, 3, side, size, side, size).permute(0, 2, 4, 1, 3, 5)
        views = self._resampled(self.encode(parts.reshape(-1, 3, size, size)))  # each (batch * crops, tokens, channels)
        return tuple(view.reshape(-1, side**2 * view.shape[1], view.shape[2]) for view in views)

    def _resampled(self, views: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if self.resampling is None:
            return views
        return tuple(change(view) for change, view in zip(self.resampling, views, strict=True))
