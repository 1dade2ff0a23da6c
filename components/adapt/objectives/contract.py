"""What every objective gives: the batch fields that it needs, and a loss."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from inkling.components.adapt.batches import Fields
from inkling.components.adapt.data import Lesson
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch

HEADS = "heads"
"""What the part is called in which a model that trains has the heads of objectives, each under its objective's name."""


def image_contents(model: MultimodalModel, views: Mapping[str, Tensor]) -> Tensor:
    """What each image token shows, without where it lies (batch, image_tokens, hidden_size).

    Args:
        model: Its connector makes them.
        views: The image features by view, each (batch, tokens, channels).
    """
    return model.connector.contents(*(views[name] for name in model.connector.inputs))


class Objective(ABC):
    """What a phase is trained for.

    It is built from its spec, which names in `needs` the fields of a batch that it wants beyond the packed turns and
    the image features. Those are computed in phases that use it, and nowhere else.

    Attributes:
        reaches_language: Whether it teaches the language model too, though it finds nothing in a batch without images.
            What reads text (its spec's `reads_text`) does so in any case.
    """

    reaches_language: ClassVar[bool] = False

    def fields(self, lesson: Lesson) -> Fields:
        """The fields that it needs, by the names in its spec's `needs`; none by default.

        Raises:
            ValueError: If the lesson does not have what they are computed from.
        """
        return Fields()

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """The fields that take the model as its phase finds it, such as what it would answer; none by default.

        Args:
            model: The model before the first step of the phase, all of its weights on this rank; it is not changed.
            lesson: What it learns from.
        """
        return Fields()

    def head(self, model: MultimodalModel, lesson: Lesson) -> nn.Module | None:
        """What trains beside the model and is left out of the artifact; none by default.

        An objective has one head in all phases of a recipe; its weights are drawn from the seed of the run. The loss
        finds it by `head_of`.
        """
        return None

    @abstractmethod
    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """What is to become small, a scalar in nats: a mean over what the batch has of it.

        A batch in which it finds nothing, such as one without images, gives a zero that needs no gradient.

        Args:
            model: The model that trains.
            batch: `batches.packed` and `batches.features` read the packed turns and the image features out of it; the
                fields stand under their names.
        """


def head_of(model: MultimodalModel, name: str) -> nn.Module:
    """The head of an objective, by the objective's name."""
    return model.get_submodule(f"{HEADS}.{name}")
