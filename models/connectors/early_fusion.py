"""Early fusion: each image token becomes a mixture of all image tokens and of the words of the question.

After EMMA (Ghazanfari et al., 2024, arXiv 2410.02080, section 3): one matrix over the token axis maps image tokens and
text tokens together to image tokens; it begins as the identity of the image and nothing of the text. Ours: the words
are input embeddings of the language model, where the paper has states of CLIP's text encoder and a layer of their own,
and the image tokens are those of the MLP connector. Where nothing is asked, as by a probe, the image is mixed alone.

System: EMMA
Paper: arXiv 2410.02080
Not reproduced: CLIP's text encoder, whose space is aligned with the image's and makes the mixing cheap.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.connectors.projector import projector_multiply_adds, projector_params
from inkling.models.spec import ConnectorSpec, Inputs


class EarlyFusionSpec(ConnectorSpec):
    """One image token for each token of the view, another one for each question."""

    target: ClassVar[str] = "inkling.models.connectors.early_fusion:EarlyFusionConnector"
    reads_question: ClassVar[bool] = True

    type: Literal["early_fusion"] = "early_fusion"
    words: int = Field(24, ge=1, description="tokens of the question that are read, from its beginning")
    intermediate_size: int = Field(256, ge=1, description="channels between the two layers of the MLP")

    def image_tokens(self, inputs: Inputs) -> int:
        """As many as the view has."""
        return inputs[self.view][0]

    def num_params(self, inputs: Inputs, hidden_size: int) -> int:
        """The projector, the matrix over tokens with its bias, the scale and the positions."""
        tokens, channels = inputs[self.view]
        mixing = tokens * (tokens + self.words + 1)
        return projector_params(channels, self.intermediate_size, hidden_size) + mixing + 1 + tokens * hidden_size

    def multiply_adds(self, inputs: Inputs, hidden_size: int) -> int:
        """The projector on each token, and the mixing of each channel."""
        tokens, channels = inputs[self.view]
        projected = projector_multiply_adds(channels, self.intermediate_size, hidden_size)
        return tokens * (projected + (tokens + self.words) * hidden_size)


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.connectors.contract import Connector, QuestionTokens
from inkling.models.connectors.projector import mlp_projector


class EarlyFusionConnector(Connector):
    """Image features (batch, tokens, channels) and questions to image tokens (batch, tokens, hidden_size)."""

    def __init__(self, spec: EarlyFusionSpec, inputs: Inputs, hidden_size: int) -> None:
        """Draws the projector as the MLP connector does; the mixing begins as none and draws nothing."""
        super().__init__(spec, inputs, hidden_size)
        self._words = spec.words
        self.project = mlp_projector(inputs[spec.view][1], spec.intermediate_size, hidden_size)
        start = torch.cat([torch.eye(self.image_tokens), torch.zeros(self.image_tokens, spec.words)], dim=1)
        self.mixing, self.bias = nn.Parameter(start), nn.Parameter(torch.zeros(self.image_tokens, 1))

    def contents(self, *views: Tensor) -> Tensor:
        """What each image token shows before anything is asked (batch, tokens, hidden_size)."""
        (grid,) = self.standardise(*views)
        shown: Tensor = self.project(grid)
        return shown

    def forward(self, *views: Tensor, question: QuestionTokens | None = None) -> Tensor:
        """Image tokens (batch, tokens, hidden_size).

        Args:
            *views: The image features.
            question: What is asked of each image; None: nothing.
        """
        image = self.contents(*views) * self.scale
        words = image.new_zeros(image.shape[0], self._words, image.shape[2])
        if question is not None:
            words = question.embeddings.masked_fill(~question.asked[:, :, None], 0.0)[:, : self._words]
            words = functional.pad(words, (0, 0, 0, self._words - words.shape[1]))  # (batch, words, hidden_size)
        return self.mixing @ torch.cat([image, words], dim=1) + self.bias + self.positions
