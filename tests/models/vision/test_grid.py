"""The exportable resampling equals torch's adaptive pooling downwards and its bilinear interpolation upwards."""

import pytest
import torch

from inkling.models.vision.grid import GridPooling


@pytest.mark.parametrize(("side", "grid"), [(7, 4), (7, 7), (8, 4), (14, 4), (5, 3)])
def test_equals_adaptive_pooling(side: int, grid: int) -> None:
    features = torch.randn(2, 6, side, side, generator=torch.Generator().manual_seed(side))
    expected = torch.nn.functional.adaptive_avg_pool2d(features, grid).flatten(2).transpose(1, 2)
    pooled = GridPooling(side, grid)(features)
    assert pooled.shape == (2, grid * grid, 6)
    torch.testing.assert_close(pooled, expected)


@pytest.mark.parametrize(("side", "grid"), [(4, 7), (7, 24), (16, 24), (1, 3)])
def test_equals_bilinear_interpolation(side: int, grid: int) -> None:
    features = torch.randn(2, 6, side, side, generator=torch.Generator().manual_seed(side))
    expected = torch.nn.functional.interpolate(features, size=grid, mode="bilinear").flatten(2).transpose(1, 2)
    torch.testing.assert_close(GridPooling(side, grid)(features), expected)
