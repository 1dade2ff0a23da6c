"""The MLP connector: each grid token alone, through two layers (LLaVA-1.5, Liu et al., 2023, arXiv 2310.03744)."""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.connectors.projector import projector_multiply_adds, projector_params
from inkling.models.spec import ConnectorSpec, Inputs


class MlpSpec(ConnectorSpec):
    """One image token for each token of the grid."""

    target: ClassVar[str] = "inkling.models.connectors.mlp:MlpConnector"

    type: Literal["mlp"] = "mlp"
    intermediate_size: int = Field(256, ge=1, description="channels between the two layers")

    def image_tokens(self, inputs: Inputs) -> int:
        """As many as the grid has."""
        return inputs[self.view][0]

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """The projector, the scale and the positions."""
        tokens, channels = inputs[self.view]
        return projector_params(channels, self.intermediate_size, hidden_size) + 1 + tokens * hidden_size

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The projector on each token."""
        tokens, channels = inputs[self.view]
        return tokens * projector_multiply_adds(channels, self.intermediate_size, hidden_size)


from torch import Tensor

from inkling.models.connectors.contract import Connector
from inkling.models.connectors.projector import mlp_projector


class MlpConnector(Connector):
    """Grid tokens (batch, tokens, channels) to image tokens (batch, tokens, hidden_size)."""

    def __init__(self, spec: MlpSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws the projector's weights."""
        super().__init__(spec, inputs, hidden_size)
        self.project = mlp_projector(inputs[spec.view][1], spec.intermediate_size, hidden_size)

    def contents(self, *views: Tensor) -> Tensor:
        """What each image token shows (batch, tokens, hidden_size)."""
        (grid,) = self.standardise(*views)
        shown: Tensor = self.project(grid)
        return shown
