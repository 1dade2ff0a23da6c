"""The pooling connector: the grid averaged to fewer tokens, then two layers (InfMLLM, arXiv 2311.06791).

Of a view by crop, the grid of each crop is averaged alone.
"""

import math
from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.connectors.projector import projector_multiply_adds, projector_params
from inkling.models.crops import split_view
from inkling.models.spec import ConnectorSpec, Inputs


class PoolSpec(ConnectorSpec):
    """`side` x `side` image tokens; with as many as the grid has it is the MLP connector, to the bit."""

    target: ClassVar[str] = "inkling.models.connectors.pool:PoolConnector"

    type: Literal["pool"] = "pool"
    side: int = Field(2, ge=1, description="image tokens along a side of the picture, or of each crop")
    intermediate_size: int = Field(256, ge=1, description="channels between the two layers")

    @property
    def crops(self) -> int:
        """Crops of the picture in the view that it reads."""
        return split_view(self.view)[0] ** 2

    def image_tokens(self, inputs: Inputs) -> int:
        """The square of `side`, for each crop.

        Raises:
            ValueError: If the grid is no square, or has fewer tokens along a side.
        """
        tokens = inputs[self.view][0] // self.crops
        if math.isqrt(tokens) ** 2 != tokens or self.side > math.isqrt(tokens):
            raise ValueError(
                f"connector 'pool' cannot average a grid of {tokens} tokens to {self.side} x {self.side}: "
                "it takes a square grid with at least as many tokens along a side"
            )
        return self.crops * self.side**2

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """The projector, the scale and the positions."""
        projector = projector_params(inputs[self.view][1], self.intermediate_size, hidden_size)
        return projector + 1 + self.image_tokens(inputs) * hidden_size

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The projector on each pooled token; the averages are left out."""
        channels = inputs[self.view][1]
        return self.image_tokens(inputs) * projector_multiply_adds(channels, self.intermediate_size, hidden_size)


from torch import Tensor

from inkling.models.connectors.contract import Connector
from inkling.models.connectors.projector import mlp_projector
from inkling.models.vision.grid import GridPooling


class PoolConnector(Connector):
    """Grid tokens (batch, crops * tokens, channels) to image tokens (batch, crops * side * side, hidden_size)."""

    def __init__(self, spec: PoolSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws the projector's weights, as the MLP connector does."""
        super().__init__(spec, inputs, hidden_size)
        tokens, channels = inputs[spec.view]
        self._crops, self._grid = spec.crops, math.isqrt(tokens // spec.crops)
        self.pool = GridPooling(self._grid, spec.side) if spec.side < self._grid else None
        self.project = mlp_projector(channels, spec.intermediate_size, hidden_size)

    def contents(self, *views: Tensor) -> Tensor:
        """What each image token shows (batch, crops * side * side, hidden_size)."""
        (grid,) = self.standardise(*views)  # (batch, crops * tokens, channels)
        if self.pool is not None:
            if self._crops > 1:
                grid = grid.reshape(-1, self._grid**2, grid.shape[2])  # (batch * crops, tokens, channels)
            square = grid.transpose(1, 2).unflatten(2, (self._grid, self._grid))  # (.., channels, grid, grid)
            grid = self.pool(square)  # (.., side * side, channels)
            if self._crops > 1:
                grid = grid.reshape(-1, self.image_tokens, grid.shape[2])
        shown: Tensor = self.project(grid)
        return shown
