"""Autoregressive reconstruction of what is seen, after ASVR: the image's positions predict the next one's code.

Wang et al., 2025, arXiv 2506.09040 (AlenjandroWang/ASVR was read). Images go in as continuous tokens, and the states of
the language model at their positions are to predict, each of the next position, the discrete code that a quantiser gave
it; the cross-entropy is added to that of the text with weight 1. Codes of what is meant help there, codes of how it
looks do not. Ours: one code a position, of k-means over the encoder's features at the image's tokens, where theirs are
eight of a residual quantiser; a projector of two layers.

System: ASVR
Paper: arXiv 2506.09040
Not reproduced: eight codes a position and the transformer that predicts them in turn; codes of appearance, of pixels;
gains over 14 sets.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class AsvrSpec(ObjectiveSpec):
    """Cross-entropy of the next image token's code."""

    type: Literal["asvr"] = "asvr"
    target: ClassVar[str] = "inkling.components.adapt.objectives.asvr:Asvr"
    divisible: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"codes"})
    reads_states: ClassVar[bool] = True

    codes: int = Field(256, ge=2, description="codes of the quantiser")
    iterations: int = Field(10, ge=1, description="iterations of k-means")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """Its own over the turns, which gives the states at image positions."""
        return (Pass("turns"),)


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.components.adapt.batches import Fields, features, image_mean, packed
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, head_of
from inkling.components.adapt.states import image_states, layer_states, read_layer
from inkling.components.shared.config import ConfigError
from inkling.models.codes import codes_of, fit_codes
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch


class Asvr(Objective):
    """The mean over images of the mean over their positions but the first."""

    reaches_language: ClassVar[bool] = True

    def __init__(self, spec: AsvrSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def head(self, model: MultimodalModel, lesson: Lesson) -> nn.Module:
        """The projector from a state to the logits of the codes.

        Raises:
            ConfigError: If there are no states to read, or an image token is not one of the features.
        """
        last = int(model.language.config.num_hidden_layers)
        self._layer, (view, *_) = read_layer(model, last, "asvr"), model.connector.inputs
        self._view = view
        if model.connector.inputs[view][0] != model.connector.image_tokens:
            raise ConfigError(
                f"asvr predicts a code for each image token, but connector '{model.connector.spec.type}' makes "
                f"{model.connector.image_tokens} of the {model.connector.inputs[view][0]} features of the view '{view}'"
            )
        size = int(model.language.config.hidden_size)
        return nn.Sequential(nn.Linear(size, size), nn.GELU(), nn.Linear(size, self._spec.codes))

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """`codes`: that of each image token, int64 (images, image_tokens)."""
        view, names = lesson.features[self._view], lesson.images
        order = sorted(range(len(names)), key=names.__getitem__)  # in whatever order the images are stored
        book = fit_codes(view, self._spec.codes, self._spec.iterations, order=order)
        codes = codes_of(view, book)
        return Fields(images={"codes": codes}, counts={"codes": torch.full((len(codes),), codes.shape[1] - 1)})

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean in nats; zero for a batch without images."""
        views = features(batch)
        if views is None:
            return torch.zeros(())
        states = image_states(layer_states(model, views, packed(batch), self._layer), model)
        logits = head_of(model, "asvr")(states[:, :-1])  # (batch, image_tokens - 1, codes)
        costs = functional.cross_entropy(logits.flatten(0, 1), batch["codes"][:, 1:].flatten(), reduction="none")
        return image_mean(costs, batch, "codes")
