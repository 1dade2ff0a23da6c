"""EfficientNet-Lite0 without its classifier, batch normalisation folded into the convolutions.

The network is the Lite0 variant of EfficientNet (Tan and Le, 2019, https://arxiv.org/abs/1905.11946): no squeeze and
excitation, ReLU6, fixed stem and head, TensorFlow's "same" padding.
"""

from collections.abc import Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.grid import GridPooling

LITE0 = EncoderConfig("efficientnet-lite0", image_size=224, mean=127.0, scale=128.0, grid=4, channels=1280)
_EPSILON = 1e-3
_STEM, _STRIDE = 32, 32


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


class EfficientNetLite0(nn.Module):
    """Pixels (batch, 3, image_size, image_size), normalised, to grid tokens (batch, grid * grid, 1280)."""

    def __init__(self, config: EncoderConfig) -> None:
        """Builds the network with untrained weights.

        Raises:
            ValueError: If the config asks for what the network cannot give.
        """
        super().__init__()
        if config.image_size % _STRIDE or config.channels != LITE0.channels:
            raise ValueError(
                f"{config.architecture} needs an image_size divisible by {_STRIDE} and {LITE0.channels} channels"
            )
        self.stem = SameConvolution(3, _STEM, 3, config.image_size, stride=2)
        size, inputs, blocks = config.image_size // 2, _STEM, list[nn.Module]()
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                blocks.append(Block(inputs, stage, stride, size))
                size, inputs = size // stride, stage.channels
        self.blocks = nn.Sequential(*blocks)
        self.head = SameConvolution(inputs, config.channels, 1, size)
        self.pool = GridPooling(size, config.grid)

    def forward(self, pixels: Tensor) -> Tensor:
        """Encodes a batch of pictures."""
        features = self.blocks(functional.relu6(self.stem(pixels)))
        return cast(Tensor, self.pool(functional.relu6(self.head(features))))


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
