"""What every objective of a vision encoder does."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from inkling.models.training.batches import Batch
from inkling.models.vision.vit import VisionTransformer


class VisionObjective(nn.Module, ABC):
    """A vision transformer, and the parts that it is trained with and that are thrown away.

    Attributes:
        network: The vision transformer.
        captions: What each picture of the training set is said to show.
    """

    def __init__(self, network: VisionTransformer, captions: Sequence[str]) -> None:
        """Takes the network, which is trained in place, and the captions of its pictures."""
        super().__init__()
        self.network, self.captions = network, captions

    def usable(self) -> list[int]:
        """The pictures, by number, that it can learn from; by default all.

        Raises:
            ValueError: If it lacks what it learns from.
        """
        return list(range(len(self.captions)))

    @abstractmethod
    def batch(self, pixels: Tensor, numbers: Sequence[int], random: np.random.Generator) -> Batch:
        """What a step learns from.

        Args:
            pixels: Normalised pixels of the step's pictures (batch, 3, image_size, image_size).
            numbers: Which pictures they are.
            random: Where everything left to chance comes from.
        """

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """The loss of such a batch, a mean; in training mode it is called once a step."""
