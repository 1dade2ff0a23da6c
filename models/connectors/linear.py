"""The linear connector: each grid token alone, through one matrix (LLaVA, Liu et al., 2023, arXiv 2304.08485)."""

from typing import ClassVar, Literal

from inkling.models.spec import ConnectorSpec, Inputs


class LinearSpec(ConnectorSpec):
    """One image token for each token of the grid."""

    target: ClassVar[str] = "inkling.models.connectors.linear:LinearConnector"

    type: Literal["linear"] = "linear"

    def image_tokens(self, inputs: Inputs) -> int:
        """As many as the grid has."""
        return inputs[self.view][0]

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """The matrix with its bias, the scale and the positions."""
        tokens, channels = inputs[self.view]
        return hidden_size * (channels + 1) + 1 + tokens * hidden_size

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The matrix on each token."""
        tokens, channels = inputs[self.view]
        return tokens * channels * hidden_size


from torch import Tensor, nn

from inkling.models.connectors.contract import Connector


class LinearConnector(Connector):
    """Grid tokens (batch, tokens, channels) to image tokens (batch, tokens, hidden_size)."""

    def __init__(self, spec: LinearSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws the matrix."""
        super().__init__(spec, inputs, hidden_size)
        self.project = nn.Linear(inputs[spec.view][1], hidden_size)

    def contents(self, *views: Tensor) -> Tensor:
        """What each image token shows (batch, tokens, hidden_size)."""
        (grid,) = self.standardise(*views)
        shown: Tensor = self.project(grid)
        return shown
