"""Depth and breadth: early maps of an encoder and several readings of its last one, side by side in each image token.

In the manner of Florence-VL (Chen et al., 2024, arXiv 2412.04424, section 3): features of several depths, and the
encoder's answers to three prompts, are put beside one another on the channel axis, and two layers map them. Depth is
real here. Breadth is a stand-in: no encoder here takes a prompt, so that three learnt readings of the last map take the
place of the answers to "caption", "text" and "objects"; nothing trains them for these but the model's own objectives.
Views are standardised each on its own, and their maps are resampled to one size when they are encoded.

System: Florence-VL
Paper: arXiv 2412.04424
Not reproduced: Florence-2; features that a prompt conditions (breadth is a stand-in); training of encoder and language
model end to end.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import ConnectorSpec, Inputs


class DepthFusionSpec(ConnectorSpec):
    """One image token for each token of the view; without earlier views and readings it is the MLP connector."""

    target: ClassVar[str] = "inkling.models.connectors.depth_fusion:DepthFusionConnector"

    type: Literal["depth_fusion"] = "depth_fusion"
    earlier: tuple[str, ...] = Field(
        ("layers.7x7.4x4", "layers.14x14.4x4"), description="views of earlier maps, each of as many tokens as the view"
    )
    readings: int = Field(3, ge=0, description="learnt readings of the view, the stand-in for answers to prompts")
    reading_size: int = Field(64, ge=1, description="channels of a reading")
    intermediate_size: int = Field(256, ge=1, description="channels between the two layers")

    @property
    def views(self) -> tuple[str, ...]:
        """The last map, then the earlier ones."""
        return (self.view, *self.earlier)

    def image_tokens(self, inputs: Inputs) -> int:
        """As many as each view has.

        Raises:
            ValueError: If the views do not have as many tokens as one another.
        """
        tokens = inputs[self.view][0]
        for view in self.earlier:
            if inputs[view][0] != tokens:
                side = round(tokens**0.5)
                raise ValueError(
                    f"connector 'depth_fusion' puts the channels of a cell side by side: view '{view}' has "
                    f"{inputs[view][0]} tokens and '{self.view}' {tokens}; resample it, as in '{view}.{side}x{side}'"
                )
        return tokens

    def beside(self, inputs: Inputs) -> int:
        """Channels that stand beside those of the view."""
        return sum(inputs[view][1] for view in self.earlier) + self.readings * self.reading_size

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """The readings, the two layers and their norm, the scale and the positions."""
        channels, inner = inputs[self.view][1], self.intermediate_size
        readings = self.readings * self.reading_size * (channels + 1)
        layers = inner * (channels + 1 + self.beside(inputs)) + hidden_size * (inner + 1) + 2 * hidden_size
        return readings + layers + 1 + self.image_tokens(inputs) * hidden_size

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The readings and the two layers on each token."""
        (tokens, channels), inner = inputs[self.view], self.intermediate_size
        readings = self.readings * self.reading_size * channels
        return tokens * (readings + inner * (channels + self.beside(inputs) + hidden_size))


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.connectors.contract import Connector
from inkling.models.connectors.projector import mlp_projector


class DepthFusionConnector(Connector):
    """Views (batch, tokens, channels of each) to image tokens (batch, tokens, hidden_size)."""

    def __init__(self, spec: DepthFusionSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws the projector of the view as the MLP connector does, then what stands beside it.

        One matrix of all channels is written as a sum of two, so that what is off changes no bit.
        """
        super().__init__(spec, inputs, hidden_size)
        channels, beside = inputs[spec.view][1], spec.beside(inputs)
        self.project = mlp_projector(channels, spec.intermediate_size, hidden_size)
        self.read = nn.Linear(channels, spec.readings * spec.reading_size) if spec.readings else None
        self.beside = nn.Linear(beside, spec.intermediate_size, bias=False) if beside else None

    def contents(self, *views: Tensor) -> Tensor:
        """What each image token shows (batch, tokens, hidden_size)."""
        last, *seen = self.standardise(*views)
        if self.read is not None:
            seen.append(functional.gelu(self.read(last)))  # (batch, tokens, readings * reading_size)
        inner = self.project[0](last)  # (batch, tokens, intermediate_size)
        if self.beside is not None:
            inner = inner + self.beside(torch.cat(seen, dim=2))
        shown: Tensor = self.project[1:](inner)
        return shown
