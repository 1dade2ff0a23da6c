"""A small random encoder for tests: it keeps colour and place, and needs no packaged weights."""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import EncoderSpec
from inkling.models.vision.preprocess import Preprocessing

_SIZE, _PATCH = 224, 16
_SEED = 0


class TinyRandomSpec(EncoderSpec):
    """One strided convolution with random weights."""

    target: ClassVar[str] = "inkling.models.vision.tiny_random:TinyRandom"

    type: Literal["tiny-random"] = "tiny-random"
    channels: int = Field(32, ge=1, description="channels of the image features")
    grid: int = Field(4, ge=1, description="tokens along a side of the view `grid`")

    @property
    def preprocessing(self) -> Preprocessing:
        """224 x 224 pixels, about from -1 to 1."""
        return Preprocessing(image_size=_SIZE, mean=127.0, scale=128.0)

    @property
    def views(self) -> dict[str, tuple[int, int]]:
        """`grid`, the patches resampled, and `patches`, 14 x 14."""
        side = _SIZE // _PATCH
        return {"grid": (self.grid * self.grid, self.channels), "patches": (side * side, self.channels)}

    def num_params(self) -> int:
        """Weights and biases of the convolution."""
        return self.channels * (3 * _PATCH * _PATCH + 1)

    def multiply_adds(self) -> int:
        """Those of the convolution; every pixel falls into one patch."""
        return 3 * _SIZE * _SIZE * self.channels


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
        self.patches = nn.Conv2d(3, spec.channels, _PATCH, _PATCH)
        generator = torch.Generator().manual_seed(_SEED)
        with torch.no_grad():
            for parameter in self.patches.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / (3**0.5 * _PATCH))
        self.pool = GridPooling(_SIZE // _PATCH, spec.grid)

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes (batch, 3, 224, 224) to the views, each (batch, tokens, channels)."""
        features = functional.relu(self.patches(pixels))  # (batch, channels, 14, 14)
        found = {"grid": self.pool(features), "patches": features.flatten(2).transpose(1, 2)}
        return tuple(found[view] for view in self._views)
