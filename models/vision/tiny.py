"""A small random encoder for tests: it keeps colour and place, and needs no packaged weights."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.grid import GridPooling

TINY = EncoderConfig("tiny-random", image_size=224, mean=127.0, scale=128.0, grid=4, channels=32)
_PATCH = 16
_SEED = 0


class TinyEncoder(nn.Module):
    """One strided convolution with random weights that are the same on every machine."""

    def __init__(self, config: EncoderConfig) -> None:
        """Builds the encoder.

        Raises:
            ValueError: If the patches do not tile the picture.
        """
        super().__init__()
        if config.image_size % _PATCH:
            raise ValueError(
                f"{config.architecture} needs an image_size divisible by {_PATCH}, got {config.image_size}"
            )
        self.patches = nn.Conv2d(3, config.channels, _PATCH, _PATCH)
        generator = torch.Generator().manual_seed(_SEED)
        with torch.no_grad():
            for parameter in self.patches.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / (3**0.5 * _PATCH))
        self.pool = GridPooling(config.image_size // _PATCH, config.grid)

    def forward(self, pixels: Tensor) -> Tensor:
        """Encodes (batch, 3, image_size, image_size) to (batch, grid * grid, channels)."""
        return cast(Tensor, self.pool(functional.relu(self.patches(pixels))))
