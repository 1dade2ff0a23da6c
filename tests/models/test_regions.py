"""Regions on a grid of tokens: shares against counted pixels, pooling, and grids that are none."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inkling.models.regions import pool, shares, side_of


@given(arrays(bool, (8, 12)), st.sampled_from([1, 2, 4]))
def test_shares_of_whole_pixels_are_counted(mask: np.ndarray, side: int) -> None:
    counted = mask.reshape(side, 8 // side, side, 12 // side).mean((1, 3)).ravel()
    assert shares(mask, side) == pytest.approx(counted, abs=1e-6)


@given(arrays(bool, (9, 7)), st.integers(1, 12))
def test_shares_of_divided_pixels_add_up_to_the_mask(mask: np.ndarray, side: int) -> None:
    found = shares(mask, side)
    assert found.mean() == pytest.approx(mask.mean(), abs=1e-6)
    assert (found >= 0).all()
    assert (found <= 1 + 1e-6).all()


def test_rows_come_before_columns() -> None:
    mask = np.zeros((4, 4), bool)
    mask[0, 3] = True
    assert shares(mask, 2).tolist() == [0, 0.25, 0, 0]


def test_a_region_shows_the_mean_of_its_cells() -> None:
    tokens = torch.arange(8.0).reshape(1, 4, 2)
    weights = torch.tensor([[[1.0, 0, 0, 0], [0.5, 0, 0, 0.5], [0, 0, 0, 0]]])
    assert torch.equal(pool(tokens, weights), torch.tensor([[[0.0, 1], [3, 4], [0, 0]]]))


def test_tokens_that_are_no_grid_are_refused() -> None:
    assert side_of(16) == 4
    with pytest.raises(ValueError, match="8 image tokens are no square grid"):
        side_of(8)
