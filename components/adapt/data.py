"""From a lesson to the batches of a phase: which images come in which step is a function of seed and step alone."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from inkling.components.adapt.recipe import Phase
from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.features import FeatureView
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment, collate
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.training.batches import Batch

_BUCKET = 16  # batches whose images are sorted by length together
_FEATURES = "features."  # in front of the views' names in a batch

View = FeatureView | NDArray[np.floating]
"""Features of many images (images, tokens, channels)."""


@dataclass(frozen=True)
class Lesson:
    """The data of an adaptation, for every phase of it.

    Attributes:
        images: Names of the images.
        features: Each view that the connector reads, by its name: (images, tokens, channels), in the order of `images`.
        turns: What is said about each image, by its name.
        tokenizer: The language model's.
    """

    images: Sequence[str]
    features: Mapping[str, View]
    turns: Mapping[str, Sequence[Turn]]
    tokenizer: Tokenizer

    def captions(self) -> list[str]:
        """What the captions of each image say, in the order of `images`; nothing where an image has none."""
        return [
            " ".join(turn.answer for turn in self.turns.get(image, ()) if turn.kind == "caption")
            for image in self.images
        ]


@dataclass(frozen=True)
class Fields:
    """What objectives read of a batch beyond packed turns and image features, by name.

    Attributes:
        images: A row for each image of the lesson (images, ...); a batch has the rows of its images.
        shared: What every batch has whole.
    """

    images: Mapping[str, Tensor] = field(default_factory=dict)
    shared: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def merged(cls, parts: Iterable["Fields"]) -> "Fields":
        """The fields of several objectives; a field that several compute is the same one."""
        images: dict[str, Tensor] = {}
        shared: dict[str, Tensor] = {}
        for part in parts:
            images |= part.images
            shared |= part.shared
        return cls(images, shared)

    def of(self, rows: NDArray[np.int64]) -> Batch:
        """The fields of a batch of images, by their rows in the lesson (batch,)."""
        index = torch.from_numpy(rows)
        return {name: values[index] for name, values in self.images.items()} | dict(self.shared)


class ImageBatches:
    """Batches of images with their turns, for one phase of a recipe."""

    def __init__(
        self,
        views: Mapping[str, View],
        rows: Sequence[int],
        sequences: Sequence[PackedSequence],
        fields: Fields,
        image_positions: int,
        size: int,
        blind: float,
        seed: Sequence[int],
    ) -> None:
        """Takes the data of a phase.

        Args:
            views: The image features by view, each (all images, tokens, channels).
            rows: Row of each image of the phase in `views` and in `fields`.
            sequences: Packed turns of each image of the phase.
            fields: What the phase's objectives need.
            image_positions: Positions that an image takes in front of a sequence.
            size: Images of a batch; at most as many as there are.
            blind: Part of the batches without the image.
            seed: Determines the order; another for each phase.
        """
        self._views, self._rows, self._sequences, self._fields = views, np.array(rows), sequences, fields
        self._image_positions, self._size = image_positions, min(size, len(rows))
        self._blind, self._seed = blind, list(seed)
        self._lengths = np.array([len(sequence) for sequence in sequences])
        self._epoch, self._order = -1, np.zeros((0, 0), np.int64)

    @property
    def per_epoch(self) -> int:
        """Batches of a pass over the images; up to one batch of images, others in each pass, is left out."""
        return len(self._rows) // self._size

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0: packed turns, objectives' fields, and image features unless blind."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        chosen = self._order[place]
        rows = self._rows[chosen]
        blind = np.random.default_rng([*self._seed, 1, step]).random() < self._blind
        turns = collate([self._sequences[index] for index in chosen], 0 if blind else self._image_positions)
        seen = {} if blind else self._views
        return {
            **vars(turns),
            **self._fields.of(rows),
            **{_FEATURES + name: torch.from_numpy(np.asarray(view[rows], np.float32)) for name, view in seen.items()},
        }

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        """The images of an epoch in random batches of similar length, so that little is padded (batches, size)."""
        random = np.random.default_rng([*self._seed, 0, epoch])
        order = random.permutation(len(self._rows))[: self.per_epoch * self._size]
        for start in range(0, len(order), _BUCKET * self._size):
            bucket = order[start : start + _BUCKET * self._size]
            bucket[:] = bucket[np.argsort(self._lengths[bucket], kind="stable")]
        return order.reshape(self.per_epoch, self._size)[random.permutation(self.per_epoch)]


def phase_batches(
    phase: Phase, lesson: Lesson, fields: Fields, image_positions: int, seed: Sequence[int]
) -> ImageBatches:
    """The batches of a phase.

    Args:
        phase: The phase.
        lesson: The data of all phases.
        fields: What the phase's objectives need, for all images of the lesson.
        image_positions: Positions that an image takes in front of a sequence.
        seed: Determines the order; another for each phase.

    Raises:
        ValueError: If no image has turns of the phase's kinds.
    """
    turns = [[turn for turn in lesson.turns.get(image, ()) if turn.kind in phase.data] for image in lesson.images]
    rows = [row for row, chosen in enumerate(turns) if chosen]
    if not rows:
        raise ValueError(f"phase '{phase.name}' trains on {' and '.join(phase.data)} turns, but no image has any")
    sequences = [pack_turns(turns[row], lesson.tokenizer) for row in rows]
    return ImageBatches(lesson.features, rows, sequences, fields, image_positions, phase.batch, phase.blind, seed)


def pack_turns(turns: Iterable[Turn], tokenizer: Tokenizer) -> PackedSequence:
    """All turns about one image in one sequence: they share `<|bos|>` and the image, and none sees another."""
    segments: list[TokenSegment] = []
    for turn in turns:
        begin, *prompt = prompt_ids(tokenizer, turn.question)
        segments = segments or [TokenSegment([begin])]
        segments.append(TokenSegment(prompt, parent=0))
        segments.append(TokenSegment(answer_ids(tokenizer, turn.answer), parent=len(segments) - 1, scored=True))
    return PackedSequence(segments)


def packed(batch: Batch) -> PackedBatch:
    """The packed turns of a batch."""
    return PackedBatch(**{part.name: batch[part.name] for part in dataclasses.fields(PackedBatch)})


def features(batch: Batch) -> dict[str, Tensor] | None:
    """The image features of a batch by view, each float32 (batch, tokens, channels); None if it is blind."""
    views = {name.removeprefix(_FEATURES): value for name, value in batch.items() if name.startswith(_FEATURES)}
    return views or None
