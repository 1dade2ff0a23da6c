"""Resampling of a feature map to a square one, written as two matrix products so that every exporter knows it."""

import torch
from torch import Tensor, nn


class GridPooling(nn.Module):
    """Resamples a map to `grid` x `grid` tokens: along each side averages down, or interpolates linearly up.

    Equal to `torch.nn.AdaptiveAvgPool2d(grid)` where `grid` is at most the map's side, also where it does not divide
    it, and to bilinear `torch.nn.functional.interpolate` where it is more; then flattened.
    """

    weights: Tensor
    column_weights: Tensor

    def __init__(self, side: int, grid: int, columns: int | None = None) -> None:
        """Computes the weights.

        Args:
            side: Height of the map; its width too, where no other is given.
            grid: Tokens along a side.
            columns: Width of the map.
        """
        super().__init__()
        self.register_buffer("weights", _weights(side, grid), persistent=False)
        self.register_buffer("column_weights", _weights(columns or side, grid), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Resamples (batch, channels, rows, columns) to (batch, grid * grid, channels)."""
        pooled = self.weights @ features @ self.column_weights.T
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


def _weights(length: int, count: int) -> Tensor:
    """The weights of `length` values in each of `count` (count, length): averages of them, or values between them."""
    weights = torch.zeros(count, length)
    for cell in range(count):
        if count <= length:
            start, end = cell * length // count, -(-(cell + 1) * length // count)
            weights[cell, start:end] = 1 / (end - start)
        else:  # as bilinear interpolation with corners that are not aligned
            place = min(max((cell + 0.5) * length / count - 0.5, 0.0), length - 1.0)
            first = int(place)
            weights[cell, first] = 1 - (place - first)
            if place > first:
                weights[cell, first + 1] = place - first
    return weights
