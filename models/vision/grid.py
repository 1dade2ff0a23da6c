"""Resampling of a square feature map, written as two matrix products so that every exporter knows it."""

import torch
from torch import Tensor, nn


class GridPooling(nn.Module):
    """Resamples a square map to `grid` x `grid` tokens: averages down, interpolates linearly up.

    Equal to `torch.nn.AdaptiveAvgPool2d(grid)` where `grid` is at most the map's side, also where it does not divide
    it, and to bilinear `torch.nn.functional.interpolate` where it is more; then flattened.
    """

    weights: Tensor

    def __init__(self, side: int, grid: int) -> None:
        """Computes the weights.

        Args:
            side: Height and width of the map.
            grid: Tokens along a side.
        """
        super().__init__()
        weights = _averages(side, grid) if grid <= side else _interpolation(side, grid)
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Resamples (batch, channels, side, side) to (batch, grid * grid, channels)."""
        pooled = self.weights @ features @ self.weights.T
        return pooled.flatten(2).transpose(1, 2)


class TokenResampling(nn.Module):
    """Resamples the tokens of a square map (batch, side * side, channels) to (batch, grid * grid, channels)."""

    def __init__(self, side: int, grid: int) -> None:
        """Takes the tokens along a side, before and after."""
        super().__init__()
        self._side = side
        self.pool = GridPooling(side, grid)

    def forward(self, tokens: Tensor) -> Tensor:
        """Resamples the tokens."""
        resampled: Tensor = self.pool(tokens.transpose(1, 2).unflatten(2, (self._side, self._side)))
        return resampled


def _averages(side: int, grid: int) -> Tensor:
    """The weights of each of `side` values in each of `grid` averages (grid, side)."""
    weights = torch.zeros(grid, side)
    for cell in range(grid):
        start, end = cell * side // grid, -(-(cell + 1) * side // grid)
        weights[cell, start:end] = 1 / (end - start)
    return weights


def _interpolation(side: int, grid: int) -> Tensor:
    """The weights of each of `side` values in each of `grid` values between them (grid, side), corners not aligned."""
    weights = torch.zeros(grid, side)
    for cell in range(grid):
        place = min(max((cell + 0.5) * side / grid - 0.5, 0.0), side - 1.0)
        first = min(int(place), side - 2) if side > 1 else 0
        weights[cell, first] += 1 - (place - first)
        if side > 1:
            weights[cell, first + 1] += place - first
    return weights
