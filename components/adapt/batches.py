"""Batches of images with their turns: which ones come in which step is a function of seed and step alone."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkling.models.sequence.packing import PackedSequence, collate

_BUCKET = 16


class ImageBatches:
    """Batches of images for one stage of a recipe."""

    def __init__(
        self,
        grid: Tensor,
        image_positions: int,
        rows: Sequence[int],
        sequences: Sequence[PackedSequence],
        present: NDArray[np.bool_],
        pieces: NDArray[np.int64],
        size: int,
        blind: float,
        seed: Sequence[int],
    ) -> None:
        """Takes the data of a stage; all but `grid` and `pieces` has one entry per image of the stage.

        Args:
            grid: Features of all images, float32 (all images, tokens, channels).
            image_positions: Positions that an image takes in the sequence.
            rows: Row of each image in `grid`.
            sequences: Packed turns of each image.
            present: Caption words of each image, bool (images, words).
            pieces: Token ids of the words (words, most pieces), -1 where there is none.
            size: Images of a batch; at most as many as there are.
            blind: Part of the batches without the image.
            seed: Determines the order; another for each stage.
        """
        self._grid, self._rows, self._sequences = grid, np.array(rows), sequences
        self._image_positions = image_positions
        self._present, self._pieces = torch.from_numpy(present), torch.from_numpy(pieces)
        self._size, self._blind, self._seed = min(size, len(rows)), blind, list(seed)
        self._lengths = np.array([len(sequence) for sequence in sequences])
        self._epoch, self._order = -1, np.zeros((0, 0), np.int64)

    @property
    def per_epoch(self) -> int:
        """Batches of a pass over the images; up to one batch of images, others in each pass, is left out."""
        return len(self._rows) // self._size

    def batch(self, step: int) -> dict[str, Tensor]:
        """The batch of a step, counted from 0: the fields of `PackedBatch`, `words`, `present`; `grid` unless blind."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        chosen = self._order[place]
        blind = np.random.default_rng([*self._seed, 1, step]).random() < self._blind
        grid = self._grid[torch.from_numpy(self._rows[chosen])]
        packed = collate([self._sequences[index] for index in chosen], 0 if blind else self._image_positions)
        batch = {field.name: getattr(packed, field.name) for field in dataclasses.fields(packed)}
        batch["words"], batch["present"] = self._pieces, self._present[torch.from_numpy(chosen)]
        return batch if blind else {**batch, "grid": grid}

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        """The images of an epoch in random batches of similar length, so that little is padded (batches, size)."""
        random = np.random.default_rng([*self._seed, 0, epoch])
        order = random.permutation(len(self._rows))[: self.per_epoch * self._size]
        for start in range(0, len(order), _BUCKET * self._size):
            bucket = order[start : start + _BUCKET * self._size]
            bucket[:] = bucket[np.argsort(self._lengths[bucket], kind="stable")]
        return order.reshape(self.per_epoch, self._size)[random.permutation(self.per_epoch)]
