"""Resampled views have as many tokens as their name says, whatever encoder gives them."""

import pytest
import torch

from inkling.models.resampling import ViewShapes
from inkling.models.settings import ConfigError
from inkling.models.vision import ENCODERS

OWN = {"grid": (16, 8), "layers.7x7": (49, 8), "cls": (1, 8), "strips": (60, 8)}
SHAPES = ViewShapes(OWN, "planted")


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("grid", (16, 8)),
        ("grid.24x24", (576, 8)),
        ("layers.7x7", (49, 8)),
        ("layers.7x7.2x2", (4, 8)),
        ("quarters.grid", (64, 8)),
        ("quarters.grid.2x2", (16, 8)),
    ],
)
def test_a_name_states_the_tokens(view: str, expected: tuple[int, int]) -> None:
    assert view in SHAPES
    assert SHAPES[view] == expected


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("layers.9x9", "unknown view of the encoder planted 'layers.9x9'"),
        ("grid.2x3", "unknown view of the encoder planted"),
        ("cls.4x4", "has 1 token, no square map that could be resampled to 4 x 4"),
        ("strips.4x4", "has 60 tokens, no square map"),
        ("grid.99x99", "resampled to 64 x 64 tokens at most"),
    ],
)
def test_what_cannot_be_resampled_is_refused_with_the_reason(view: str, message: str) -> None:
    assert view not in SHAPES
    with pytest.raises(ConfigError, match=message):
        SHAPES.shape(view)


@pytest.mark.parametrize("prefix", ["", "quarters."])
def test_an_encoder_gives_its_views_in_any_size(prefix: str) -> None:
    spec = ENCODERS.read("tiny-random")
    names = [f"{prefix}{view}" for view in ("patches", "patches.7x7", "patches.24x24", "grid.4x4", "grid")]
    pixels = torch.randn(
        2, 3, *2 * [spec.preprocessing_of(names).image_size], generator=torch.Generator().manual_seed(0)
    )
    with torch.inference_mode():
        whole, smaller, larger, same, grid = spec.build(names)(pixels)
    for name, found in zip(names, (whole, smaller, larger, same, grid), strict=True):
        assert found.shape[1:] == spec.all_views[name]
    torch.testing.assert_close(same, grid)
    crops = 4 if prefix else 1
    maps = whole.unflatten(1, (crops, 14, 14)).flatten(0, 1).permute(0, 3, 1, 2)  # (batch * crops, channels, 14, 14)
    expected = torch.nn.functional.interpolate(maps, size=24, mode="bilinear")
    torch.testing.assert_close(larger, expected.flatten(2).transpose(1, 2).reshape(larger.shape))
    assert smaller.mean().item() == pytest.approx(whole.mean().item(), rel=1e-4)
