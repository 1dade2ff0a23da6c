"""What every objective gives: the batch fields that it needs, and a loss."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor

from inkling.components.adapt.batches import Fields
from inkling.components.adapt.data import Lesson
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch


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
    """

    def fields(self, lesson: Lesson) -> Fields:
        """The fields that it needs, by the names in its spec's `needs`; none by default.

        Raises:
            ValueError: If the lesson does not have what they are computed from.
        """
        return Fields()

    @abstractmethod
    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """What is to become small, a scalar in nats: a mean over what the batch has of it.

        A batch in which it finds nothing, such as one without images, gives a zero that needs no gradient.

        Args:
            model: The model that trains.
            batch: `batches.packed` and `batches.features` read the packed turns and the image features out of it; the
                fields stand under their names.
        """
