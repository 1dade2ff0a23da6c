"""Vision encoders by name."""

from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.efficientnet import LITE0, EfficientNetLite0
from inkling.models.vision.tiny import TINY, TinyEncoder

ENCODERS: dict[str, Callable[[EncoderConfig], nn.Module]] = {
    LITE0.architecture: EfficientNetLite0,
    TINY.architecture: TinyEncoder,
}


def build_encoder(config: EncoderConfig) -> nn.Module:
    """Builds an encoder without trained weights, frozen and in evaluation mode.

    It maps normalised pixels (batch, 3, image_size, image_size) to tokens (batch, grid * grid, channels).

    Raises:
        ValueError: If no encoder has that name, or it cannot be built as described.
    """
    if config.architecture not in ENCODERS:
        raise ValueError(f"unknown encoder '{config.architecture}'. Valid: {', '.join(sorted(ENCODERS))}")
    return ENCODERS[config.architecture](config).eval().requires_grad_(False)


def load_encoder(config: EncoderConfig, weights: Path) -> nn.Module:
    """Builds an encoder and loads its weights.

    Args:
        config: Its description.
        weights: A safetensors file that holds exactly its tensors.

    Raises:
        RuntimeError: If a tensor is missing, left over or of another shape.
    """
    encoder = build_encoder(config)
    encoder.load_state_dict(load_file(weights))
    return encoder
