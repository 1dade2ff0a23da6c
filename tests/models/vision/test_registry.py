"""Encoders are found by name, come frozen, and load exactly their own weights."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.registry import ENCODERS, build_encoder, load_encoder
from inkling.models.vision.tiny import TINY


def test_an_encoder_is_frozen() -> None:
    encoder = build_encoder(TINY)
    assert not encoder.training
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


def test_the_tiny_encoder_is_the_same_everywhere() -> None:
    torch.manual_seed(1)
    first = build_encoder(TINY).state_dict()
    torch.manual_seed(2)
    second = build_encoder(TINY).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_tiny_encoder_sees_where_something_is() -> None:
    pixels = torch.full((1, 3, 224, 224), -1.0)
    pixels[..., :56, 168:] = 1.0
    change = (build_encoder(TINY)(pixels) - build_encoder(TINY)(torch.full_like(pixels, -1.0))).abs().sum(-1)[0]
    assert change.argmax() == TINY.grid - 1


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown encoder 'vit'.*efficientnet-lite0, tiny-random"):
        build_encoder(EncoderConfig.from_dict({**TINY.to_dict(), "architecture": "vit"}))


@pytest.mark.parametrize("architecture", sorted(ENCODERS))
def test_an_impossible_size_is_refused(architecture: str) -> None:
    with pytest.raises(ValueError, match="image_size"):
        build_encoder(EncoderConfig.from_dict({**TINY.to_dict(), "architecture": architecture, "image_size": 225}))


def test_weights_are_loaded_strictly(tmp_path: Path) -> None:
    state = build_encoder(TINY).state_dict()
    changed = {name: tensor + 1 for name, tensor in state.items()}
    save_file(changed, tmp_path / "whole.safetensors")
    loaded = load_encoder(TINY, tmp_path / "whole.safetensors").state_dict()
    assert all(torch.equal(loaded[name], changed[name]) for name in changed)
    save_file({"patches.bias": changed["patches.bias"]}, tmp_path / "part.safetensors")
    with pytest.raises(RuntimeError, match=r"patches\.weight"):
        load_encoder(TINY, tmp_path / "part.safetensors")
