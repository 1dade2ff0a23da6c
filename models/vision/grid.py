"""Pooling of a feature map to a small grid, written as two matrix products so that every exporter knows it."""

import torch
from torch import Tensor, nn


class GridPooling(nn.Module):
    """Adaptive average pooling of a square map to `grid` x `grid` tokens.

    Equal to `torch.nn.AdaptiveAvgPool2d(grid)` and flattening, also where `grid` does not divide the map's side.
    """

    weights: Tensor

    def __init__(self, side: int, grid: int) -> None:
        """Computes the averaging weights.

        Args:
            side: Height and width of the map.
            grid: Tokens along a side.
        """
        super().__init__()
        weights = torch.zeros(grid, side)
        for cell in range(grid):
            start, end = cell * side // grid, -(-(cell + 1) * side // grid)
            weights[cell, start:end] = 1 / (end - start)
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Pools (batch, channels, side, side) to (batch, grid * grid, channels)."""
        pooled = self.weights @ features @ self.weights.T
        return pooled.flatten(2).transpose(1, 2)
