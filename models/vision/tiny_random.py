"""A small random encoder for tests: it keeps colour and place, and needs no packaged weights."""

from typing import ClassVar, Literal

from inkling.models.spec import EncoderSpec
from inkling.models.vision.preprocess import Preprocessing

_SIZE, _PATCH, _CHANNELS, _GRID = 224, 16, 32, 4
_SEED = 0


class TinyRandomSpec(EncoderSpec):
    """One strided convolution with random weights; it has no settings."""

    target: ClassVar[str] = "inkling.models.vision.tiny_random:TinyRandom"

    type: Literal["tiny-random"] = "tiny-random"

    @property
    def preprocessing(self) -> Preprocessing:
        """224 x 224 pixels, about from -1 to 1."""
        return Preprocessing(image_size=_SIZE, mean=127.0, scale=128.0)

    @property
    def views(self) -> dict[str, tuple[int, int]]:
        """`grid`, 4 x 4, and `patches`, 14 x 14."""
        side = _SIZE // _PATCH
        return {"grid": (_GRID * _GRID, _CHANNELS), "patches": (side * side, _CHANNELS)}

    def num_params(self) -> int:
        """Weights and biases of the convolution."""
        return _CHANNELS * (3 * _PATCH * _PATCH + 1)

    def multiply_adds(self) -> int:
        """Those of the convolution; every pixel falls into one patch."""
        return 3 * _SIZE * _SIZE * _CHANNELS


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.vision.contract import Encoder
from inkling.models.vision.grid import GridPooling


class TinyRandom(Encoder):
    """A convolution over patches whose random weights are the same on every machine."""

    def __init__(self, spec: TinyRandomSpec, views: tuple[str, ...]) -> None:
        """Draws the weights."""
        super().__init__()
        self._views = views
        self.patches = nn.Conv2d(3, _CHANNELS, _PATCH, _PATCH)
        generator = torch.Generator().manual_seed(_SEED)
        with torch.no_grad():
            for parameter in self.patches.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / (3**0.5 * _PATCH))
        self.pool = GridPooling(_SIZE // _PATCH, _GRID)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes (batch, 3, 224, 224) to the views, each (batch, tokens, channels)."""
        features = functional.relu(self.patches(pixels))  # (batch, channels, 14, 14)
        found = {"grid": self.pool(features), "patches": features.flatten(2).transpose(1, 2)}
        return tuple(found[view] for view in self._views)
