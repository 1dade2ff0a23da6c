"""How much more likely a model finds answers than it did when a phase began: what losses of preference compare.

Those losses need the model as the phase found it (the reference of direct preference optimisation, Rafailov et al.,
2023, arXiv 2305.18290). It answers each question once, before the first step, and its numbers are kept in its place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from inkling.components.adapt.data import Lesson
from inkling.components.shared.runtime.progress import track
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment, collate
from inkling.models.sequence.prompt import answer_ids, prompt_ids

BATCH = 64
"""Questions that are answered together before a phase begins."""


@dataclass(frozen=True)
class PackedQuestion:
    """A question about an image, with answers to compare.

    Attributes:
        row: The image, by its place in the lesson.
        sequence: The question and its answers, packed: no answer sees another.
        other: Place of another image about which the same is asked; the image's own without.
    """

    row: int
    sequence: PackedSequence
    other: int


def question_of(
    lesson: Lesson, row: int, question: str, answers: Sequence[str], other: int | None = None
) -> PackedQuestion:
    """A question about the image in a place of the lesson, with its answers."""
    begin, *prompt = prompt_ids(lesson.tokenizer, question)
    said = [TokenSegment(answer_ids(lesson.tokenizer, answer), parent=1, scored=True) for answer in answers]
    sequence = PackedSequence([TokenSegment([begin]), TokenSegment(prompt, parent=0), *said])
    return PackedQuestion(row, sequence, row if other is None else other)


def views_of(lesson: Lesson, rows: Sequence[int], device: torch.device) -> dict[str, Tensor]:
    """The image features of some images by view, each float32 (rows, tokens, channels)."""
    taken = np.array(rows)
    return {
        name: torch.from_numpy(np.asarray(view[taken], np.float32)).to(device) for name, view in lesson.features.items()
    }


def packed_questions(
    model: MultimodalModel, questions: Sequence[PackedQuestion], views: ImageFeatures | None
) -> PackedBatch:
    """Questions as a model reads them, where it lies, with room for their images if they have any."""
    packed = collate([one.sequence for one in questions], 0 if views is None else model.image_positions)
    return PackedBatch(**{name: tensor.to(model.language.device) for name, tensor in vars(packed).items()})


def log_likelihoods(model: MultimodalModel, views: ImageFeatures | None, questions: Sequence[PackedQuestion]) -> Tensor:
    """Log-probability of each answer in nats, the sum over its tokens (questions, answers).

    Args:
        model: The model.
        views: An image for each question; None asks blind.
        questions: Questions with as many answers each.
    """
    turns = packed_questions(model, questions, views)
    found = model.log_likelihoods(views, turns)
    first = 2  # segments before the answers: what every text begins with, and the prompt
    places = (turns.sequences, turns.owners - first)
    sums = torch.zeros(len(questions), int(turns.owners.max()) + 1 - first, dtype=found.dtype, device=found.device)
    return sums.index_put(places, found, accumulate=True)


def batches_of(questions: Sequence[PackedQuestion], label: str) -> Iterator[Sequence[PackedQuestion]]:
    """Yields questions in batches of similar length, and shows how many are done."""
    ordered = sorted(questions, key=lambda one: len(one.sequence))
    starts = range(0, len(ordered), BATCH)
    for first in track(starts, label, len(starts), "batches"):
        yield ordered[first : first + BATCH]


def chosen_rows(held: Tensor) -> tuple[Tensor, Tensor]:
    """The images of a batch that have something, and whether each counts.

    Where none has, it is the first one, which does not count: ranks that share a model make equally many passes.

    Args:
        held: Whether each image has it, bool (batch,).
    """
    rows = held.nonzero()[:, 0]
    return (rows, held[rows]) if len(rows) else (rows.new_zeros(1), held[:1])


def log_sigmoid_loss(change: Tensor, strength: float) -> Tensor:
    """What a preference costs, -log sigmoid(strength x change): log 2 where nothing has changed.

    Args:
        change: How much more likely what is preferred has become than what is not, in nats, of any shape.
        strength: beta of direct preference optimisation: how soon a change suffices.
    """
    return -functional.logsigmoid(strength * change)
