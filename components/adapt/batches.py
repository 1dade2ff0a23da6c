"""Batches of a phase: which sequences come in which step is a function of seed and step alone.

A step may hold sequences with images, of which documents have several, and text-only ones. The language model reads
them in two passes, for without an image it is the bare language model, whatever the fusion. A batch names the tensors
of the first pass as they are in `PackedBatch`, and those of the second with `text.` before; where a step has one kind
only, there is only the first.

A step may be cut into equal parts, for ranks and for memory. Each part makes the passes that the whole step makes, on a
stand-in that counts nothing where it holds no sequence of a kind: ranks that share one network then gather its shards
equally often. What a loss divides by is that of the whole step, so that the mean over the parts is the mean over it.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkling.components.artifacts.features import FeatureView
from inkling.models.sequence.packing import PackedBatch, PackedSequence, collate
from inkling.models.training.batches import Batch

_BUCKET = 16  # batches whose images are sorted by length together
_FEATURES, _TEXT, _COUNT = "features.", "text.", "count."  # in front of names in a batch
_STAND_IN = "stand_in"
ANSWERS = "answers"
"""What `next_token` takes the mean over."""
_LEAST = 1e-9  # a step that holds none of something has the sum zero of it

View = FeatureView | NDArray[np.floating]
"""Features of many images (images, tokens, channels)."""


@dataclass(frozen=True)
class Fields:
    """What objectives read of a batch beyond packed turns and image features, by name.

    Attributes:
        images: A row for each image of the lesson (images, ...); a batch has the rows of its images in turn.
        shared: What every batch has whole.
        counts: How many terms each image gives to a mean over a batch (images,): how much a part of a batch weighs.
    """

    images: Mapping[str, Tensor] = field(default_factory=dict)
    shared: Mapping[str, Tensor] = field(default_factory=dict)
    counts: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def merged(cls, parts: Iterable["Fields"]) -> "Fields":
        """The fields of several objectives; a field that several compute is the same one."""
        images: dict[str, Tensor] = {}
        shared: dict[str, Tensor] = {}
        counts: dict[str, Tensor] = {}
        for part in parts:
            images |= part.images
            shared |= part.shared
            counts |= part.counts
        return cls(images, shared, counts)


class ImageBatches:
    """Batches of images with their turns, and of text-only sequences, for one phase of a recipe."""

    def __init__(
        self,
        views: Mapping[str, View],
        rows: Sequence[Sequence[int]],
        sequences: Sequence[PackedSequence],
        fields: Fields,
        image_positions: int,
        size: int,
        blind: float,
        seed: Sequence[int],
        lengths: Sequence[int] | None = None,
    ) -> None:
        """Takes the data of a phase.

        Args:
            views: The image features by view, each (all images, tokens, channels).
            rows: Rows in `views` and in `fields` of the images of each sequence that has any, in its order.
            sequences: Packed turns of each image of the phase, and documents; then those that have no image.
            fields: What the phase's objectives need.
            image_positions: Positions that an image takes in a sequence.
            size: Sequences of a batch; at most as many as there are.
            blind: Part of the batches without the image.
            seed: Determines the order; another for each phase.
            lengths: Length of each sequence by which batches are made of similar ones. That of the text, not of the
                tokens: then every language model sees them in one order, whatever its tokenizer. Tokens if not given.
        """
        self._views, self._rows, self._sequences, self._fields = views, rows, sequences, fields
        self._image_positions, self._size = image_positions, min(size, len(sequences))
        self._blind, self._seed = blind, list(seed)
        self._lengths = np.array([len(sequence) for sequence in sequences] if lengths is None else lengths)
        self._answers = np.array([len(np.unique(sequence.owners)) for sequence in sequences])
        self._epoch, self._order = -1, np.zeros((0, 0), np.int64)

    @property
    def per_epoch(self) -> int:
        """Batches of a pass over the sequences; up to one batch of them, others in each pass, is left out."""
        return len(self._sequences) // self._size

    @property
    def text_only(self) -> int:
        """Sequences without an image."""
        return len(self._sequences) - len(self._rows)

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0: packed turns, objectives' fields, and image features unless blind."""
        shown, alone = self._kinds(self._chosen(step))
        return self._collated(step, shown, alone)

    def part(self, step: int, index: int, count: int) -> Batch:
        """One of `count` equal parts of the batch of a step, with what the whole batch counts.

        Raises:
            ValueError: If the batch has no such parts.
        """
        chosen = self._chosen(step)
        if len(chosen) % count:
            raise ValueError(f"a batch of {len(chosen)} sequences cannot be cut into {count} equal parts")
        whole, own = self._kinds(chosen), self._kinds(chosen.reshape(count, -1)[index])
        stand_in = [bool(len(all_of)) and not len(part) for all_of, part in zip(whole, own, strict=True)]
        shown, alone = (
            all_of[:1] if missing else part for all_of, part, missing in zip(whole, own, stand_in, strict=True)
        )
        batch = self._collated(step, shown, alone)
        names = (_STAND_IN, _TEXT + _STAND_IN)
        batch |= {name: torch.ones(()) for name, missing in zip(names, stand_in, strict=True) if missing}
        totals = {ANSWERS: self._answers[chosen].sum()}
        totals |= {name: values[self._rows_of(whole[0])].sum() for name, values in self._fields.counts.items()}
        return batch | {_COUNT + name: torch.as_tensor(float(total) / count) for name, total in totals.items()}

    def _chosen(self, step: int) -> NDArray[np.int64]:
        """The sequences of a step (size,)."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        return self._order[place]

    def _kinds(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The sequences with an image among some, and those without."""
        shown = chosen < len(self._rows)
        return chosen[shown], chosen[~shown]

    def _rows_of(self, shown: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of the images of some sequences, in turn."""
        return np.array([row for number in shown for row in self._rows[number]], np.int64)

    def _collated(self, step: int, shown: NDArray[np.int64], alone: NDArray[np.int64]) -> Batch:
        """The passes over sequences with an image and over those without, one of which may be none."""
        blind = np.random.default_rng([*self._seed, 1, step]).random() < self._blind
        seen = {} if blind or not len(shown) else self._views
        rows = self._rows_of(shown)
        index = torch.from_numpy(rows)
        batch = {name: values[index] for name, values in self._fields.images.items()} | dict(self._fields.shared)
        batch |= {_FEATURES + name: torch.from_numpy(np.asarray(view[rows], np.float32)) for name, view in seen.items()}
        passes = [(shown, self._image_positions if seen else 0), (alone, 0)]
        for prefix, (chosen, positions) in zip(("", _TEXT), (one for one in passes if len(one[0])), strict=False):
            turns = collate([self._sequences[number] for number in chosen], positions)
            batch |= {prefix + name: values for name, values in vars(turns).items()}
        return batch

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        """The sequences of an epoch in random batches of similar length, so that little is padded (batches, size).

        Which places have an image is drawn too; those of one kind change places with one another alone.
        """
        random = np.random.default_rng([*self._seed, 0, epoch])
        order = random.permutation(len(self._sequences))[: self.per_epoch * self._size]
        for start in range(0, len(order), _BUCKET * self._size):
            bucket = order[start : start + _BUCKET * self._size]
            for kind in (bucket < len(self._rows), bucket >= len(self._rows)):
                members = bucket[kind]
                bucket[kind] = members[np.argsort(self._lengths[members], kind="stable")]
        return order.reshape(self.per_epoch, self._size)[random.permutation(self.per_epoch)]


def packed(batch: Batch, prefix: str = "") -> PackedBatch:
    """The packed turns of a batch: those with an image, or those of the pass that a prefix names."""
    return PackedBatch(**{part.name: batch[prefix + part.name] for part in dataclasses.fields(PackedBatch)})


def features(batch: Batch) -> dict[str, Tensor] | None:
    """The image features of a batch by view, each float32 (batch, tokens, channels); None if it is blind."""
    views = {name.removeprefix(_FEATURES): value for name, value in batch.items() if name.startswith(_FEATURES)}
    return views or None


def passes(batch: Batch) -> Iterator[tuple[dict[str, Tensor] | None, PackedBatch, bool]]:
    """What the language model reads of a batch: features or None, packed turns, and whether they count."""
    yield features(batch), packed(batch), _STAND_IN not in batch
    if f"{_TEXT}ids" in batch:
        yield None, packed(batch, _TEXT), f"{_TEXT}{_STAND_IN}" not in batch


def image_mean(values: Tensor, batch: Batch, name: str) -> Tensor:
    """The mean over a step of what its images give; of a part, what makes the mean over parts that mean.

    Args:
        values: What the images of this batch give, of any shape.
        batch: The batch, or part of one.
        name: Under which name `Fields.counts` has how many values each image gives.
    """
    return values.sum() * (_STAND_IN not in batch) / count(batch, name, torch.tensor(values.numel()))


def count(batch: Batch, name: str, own: Tensor) -> Tensor:
    """What a sum over this batch is divided by: what it holds itself, or of a part, what the parts hold on average."""
    return batch.get(_COUNT + name, own).clamp_min(_LEAST)
