"""Next-token prediction: the cross-entropy of answers and of documents, with the images before them or without."""

from typing import ClassVar, Literal

from inkling.models.spec import ObjectiveSpec


class NextTokenSpec(ObjectiveSpec):
    """Cross-entropy of the answers' tokens."""

    type: Literal["next_token"] = "next_token"
    target: ClassVar[str] = "inkling.components.adapt.objectives.next_token:NextToken"
    divisible: ClassVar[bool] = True
    reads_text: ClassVar[bool] = True
    reads_documents: ClassVar[bool] = True


import torch
from torch import Tensor

from inkling.components.adapt.batches import ANSWERS, count, passes
from inkling.components.adapt.objectives.contract import Objective
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch


class NextToken(Objective):
    """Mean over answers of the mean over an answer's tokens: a caption weighs as much as an answer of one word.

    The text of a document between two images is an answer too.
    """

    def __init__(self, spec: NextTokenSpec) -> None:
        """Takes the settings; there are none."""

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The cross-entropy in nats."""
        total, held = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for views, turns, counts in passes(batch):
            # A number for each answer of the pass, unique over its sequences: (scored tokens,).
            answers = turns.sequences * (int(turns.owners.max()) + 1) + turns.owners
            lengths = torch.bincount(answers)
            cross_entropy = -model.log_likelihoods(views, turns)
            total = total + (cross_entropy / lengths[answers]).sum() * counts
            held = held + lengths.count_nonzero()
        return total / count(batch, ANSWERS, held)
