"""Regions of an image on the grid of its tokens: which part of each cell a mask covers, and what a region shows."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def shares(mask: NDArray[np.bool_], side: int) -> NDArray[np.float32]:
    """Part of each cell of a square grid that a mask covers, exactly, row by row (side x side,).

    A pixel across the border of two cells counts for both by the part of it that lies in each.

    Args:
        mask: (height, width).
        side: Cells to a side.
    """
    down, across = (_overlaps(length, side) for length in mask.shape)
    cell = (mask.shape[0] / side) * (mask.shape[1] / side)  # pixels
    found: NDArray[np.float32] = (down @ mask @ across.T / cell).astype(np.float32).ravel()
    return found


def _overlaps(pixels: int, side: int) -> NDArray[np.float64]:
    """How much of each pixel lies in each of so many equal parts of a line (side, pixels)."""
    edges = np.arange(side + 1) * pixels / side
    starts = np.arange(pixels)
    inside = np.minimum(starts + 1, edges[1:, None]) - np.maximum(starts, edges[:-1, None])
    return inside.clip(0)


def pool(tokens: Tensor, weights: Tensor) -> Tensor:
    """What each region shows: the mean of the tokens by the region's share of their cells (batch, regions, channels).

    Args:
        tokens: (batch, tokens, channels).
        weights: (batch, regions, tokens); a region of no share gives zeros.
    """
    return weights @ tokens / weights.sum(-1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)


def side_of(tokens: int) -> int:
    """Cells to a side of a grid of so many tokens.

    Raises:
        ValueError: If they are no square grid, so that a token stands for no place.
    """
    side = round(tokens**0.5)
    if side * side != tokens:
        raise ValueError(f"{tokens} image tokens are no square grid: a token shows no place of the image")
    return side
