"""What every connector does: image features in, image tokens of the language model's hidden size out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from inkling.models.connectors import CONNECTORS
from inkling.models.spec import ConnectorSpec, Inputs

CLAMP = 6.0
"""Bound of a standardised feature, in standard deviations."""

DEVIATION_FLOOR = 1e-4
"""Least standard deviation that a channel is divided by: a constant channel stays finite."""

_CHANNELS_AT_ONCE = 16  # whose statistics are taken together: of all at once, numbers in double precision fill memory


@dataclass(frozen=True)
class QuestionTokens:
    """What a connector may see of each question.

    Attributes:
        embeddings: Input embeddings of the text, through which no gradient flows (batch, n, hidden_size).
        asked: Which of its tokens are the question's, neither an answer's nor padding, bool (batch, n).
    """

    embeddings: Tensor
    asked: Tensor


class Connector(nn.Module, ABC):
    """Maps views of image features (batch, tokens, channels) to image tokens (batch, image_tokens, hidden_size).

    A subclass implements `contents`. The base standardises each view per channel with statistics of the training
    features, scales contents to the size of a language model's embeddings, and adds a learnt position to each image
    token. Where its spec `reads_question`, `forward` takes a keyword `question` too, a `QuestionTokens` or None.

    Attributes:
        spec: The settings that it was built from.
        inputs: (tokens, channels) of each view that it reads, by name.
        hidden_size: Channels of an image token.
        image_tokens: Image tokens that come out; the only source of that number.
        scale: Size of the outputs; contents are multiplied by it.
        positions: What is added to each image token (image_tokens, hidden_size).
    """

    mean: Tensor  # (channels of all views in turn,)
    deviation: Tensor  # (channels of all views in turn,)

    def __init__(self, spec: ConnectorSpec, inputs: Inputs, hidden_size: int) -> None:
        """Holds the sizes, and statistics that change nothing.

        Args:
            spec: The settings.
            inputs: (tokens, channels) of each view, by name.
            hidden_size: Channels of the language model's inputs.

        Raises:
            ValueError: If a view that the connector reads is missing.
        """
        super().__init__()
        if missing := [view for view in spec.views if view not in inputs]:
            raise ValueError(
                f"connector '{spec.type}' reads the view '{missing[0]}' of the image features, which hold only "
                f"{', '.join(sorted(inputs))}; let the encode stage compute it"
            )
        self.spec, self.hidden_size = spec, hidden_size
        self.inputs = {view: inputs[view] for view in spec.views}
        self.image_tokens = spec.image_tokens(self.inputs)
        channels = sum(channels for _, channels in self.inputs.values())
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.scale = nn.Parameter(torch.ones(()))
        self.positions = nn.Parameter(torch.zeros(self.image_tokens, hidden_size))

    @property
    def config(self) -> dict[str, Any]:
        """What `build_connector` builds the same network of, as JSON values."""
        inputs = {view: list(shape) for view, shape in self.inputs.items()}
        return {"spec": self.spec.model_dump(mode="json"), "inputs": inputs, "hidden_size": self.hidden_size}

    @torch.no_grad()
    def learn_statistics(self, *views: Tensor) -> None:
        """Takes the mean and deviation of each channel from training features, each view (images, tokens, channels)."""
        few = [some for view in views for some in view.flatten(0, 1).split(_CHANNELS_AT_ONCE, dim=1)]
        means, deviations = zip(*((one.mean(0), one.std(0)) for one in map(Tensor.double, few)), strict=True)
        self.mean.copy_(torch.cat(means))
        self.deviation.copy_(torch.cat(deviations).clamp_min(DEVIATION_FLOOR))

    @torch.no_grad()
    def match_embeddings(self, embeddings: Tensor) -> None:
        """Draws positions of the size of a language model's embeddings (vocabulary, hidden_size), and scales to it."""
        nn.init.normal_(self.positions, std=float(embeddings.std()))
        self.scale.copy_(embeddings.double().std())

    def standardise(self, *views: Tensor) -> tuple[Tensor, ...]:
        """Each view in standard deviations from its training mean, clamped; same shapes."""
        channels = [channels for _, channels in self.inputs.values()]
        means, deviations = (self.mean,), (self.deviation,)
        if len(channels) > 1:  # one view needs no split, and its exported graph then holds none
            means, deviations = self.mean.split(channels), self.deviation.split(channels)
        statistics = zip(views, means, deviations, strict=True)
        return tuple(((view - mean) / deviation).clamp(-CLAMP, CLAMP) for view, mean, deviation in statistics)

    @abstractmethod
    def contents(self, *views: Tensor) -> Tensor:
        """What each image token shows, without where it lies, at a size of its own (batch, image_tokens, hidden_size).

        The scale is left to `forward`: a loss that compares directions does not depend on it, and an optimiser that
        normalises gradients, as Adam does, would let it drift through zero, which turns every direction round.
        """

    def forward(self, *views: Tensor) -> Tensor:
        """Image tokens (batch, image_tokens, hidden_size)."""
        return self.contents(*views) * self.scale + self.positions


def build_connector(config: dict[str, Any]) -> Connector:
    """Builds a connector from the `config` that it was saved with.

    Raises:
        ConfigError: If there is no connector of that name, or it does not take a setting.
        ValueError: If the config is no connector's.
    """
    if set(config) != {"spec", "inputs", "hidden_size"}:
        found = ", ".join(sorted(config)) or "nothing"
        raise ValueError(f"a connector's config has 'spec', 'inputs' and 'hidden_size', got {found}")
    inputs = {view: (tokens, channels) for view, (tokens, channels) in config["inputs"].items()}
    connector: Connector = CONNECTORS.read(config["spec"]).build(inputs, config["hidden_size"])
    return connector
