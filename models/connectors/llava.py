"""LLaVA-1.5's projector to the letter (Liu et al., 2023, arXiv 2310.03744): two layers, and nothing else.

Without the bounds, norm, scale and positions of our other connectors it is what transformers calls
`LlavaMultiModalProjector`, so that a model with it can be written as `LlavaForConditionalGeneration`.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import ConnectorSpec, Inputs


class LlavaConnectorSpec(ConnectorSpec):
    """One image token for each patch of a vision transformer."""

    target: ClassVar[str] = "inkling.models.connectors.llava:LlavaConnector"

    type: Literal["llava"] = "llava"
    view: str = Field("layers.-2", description="the view of the image features that it reads")

    def image_tokens(self, inputs: Inputs) -> int:
        """As many as the view has."""
        return inputs[self.view][0]

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """Two matrices and their biases."""
        return hidden_size * (inputs[self.view][1] + 1) + hidden_size * (hidden_size + 1)

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The two matrices on each token."""
        tokens, channels = inputs[self.view]
        return tokens * hidden_size * (channels + hidden_size)


import torch
from torch import Tensor, nn

from inkling.models.connectors.contract import Connector


class LlavaConnector(Connector):
    """Patches (batch, tokens, channels) to image tokens (batch, tokens, hidden_size)."""

    def __init__(self, spec: LlavaConnectorSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws both matrices."""
        super().__init__(spec, inputs, hidden_size)
        del self.scale, self.positions
        self.linear_1 = nn.Linear(inputs[spec.view][1], hidden_size)
        self.linear_2 = nn.Linear(hidden_size, hidden_size)

    @torch.no_grad()
    def match_embeddings(self, embeddings: Tensor) -> None:
        """Scales the second matrix, so that image tokens begin about as large as a language model's embeddings.

        A linear layer's initial weights and the GELU between leave standardised features about a fifth of their size.
        """
        self.linear_2.weight.mul_(5.0 * embeddings.double().std())
        self.linear_2.bias.zero_()

    def contents(self, *views: Tensor) -> Tensor:
        """The image tokens themselves (batch, tokens, hidden_size): nothing says where a token lies but its place."""
        (patches,) = views
        standardised = (patches - self.mean) / self.deviation
        shown: Tensor = self.linear_2(nn.functional.gelu(self.linear_1(standardised)))
        return shown

    def forward(self, *views: Tensor) -> Tensor:
        """Image tokens (batch, tokens, hidden_size)."""
        return self.contents(*views)

    def folded(self) -> dict[str, Tensor]:
        """Weights of the same projector on features as the encoder gives them, by transformers' names."""
        weight = self.linear_1.weight / self.deviation  # (hidden_size, channels)
        return {
            "linear_1.weight": weight,
            "linear_1.bias": self.linear_1.bias - weight @ self.mean,
            "linear_2.weight": self.linear_2.weight,
            "linear_2.bias": self.linear_2.bias,
        }
