"""Shards of image features, in which a picture that came before is copied: nothing is encoded twice."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.features import Precision, Split, stored_shard, write_shard
from inkling.components.encode.encoding import Encoding
from inkling.models.spec import Inputs


class ShardWriter:
    """Encodes pictures shard by shard; those of equal bytes once, over all shards of all splits."""

    def __init__(self, directory: Path, encoding: Encoding, shapes: Inputs, precision: Precision) -> None:
        """Takes where shards go.

        Args:
            directory: Where the artifact is made.
            encoding: The encoder.
            shapes: (tokens, channels) of each view that it gives, by name.
            precision: What numbers are stored as.
        """
        self._directory, self._encoding, self._shapes, self._precision = directory, encoding, shapes, precision
        self._places: dict[bytes, tuple[Split, int, int]] = {}  # split, shard and row of each picture, by its digest

    def write(self, split: Split, number: int, images: Sequence[bytes], done: Callable[[int], None]) -> None:
        """Writes a shard of each view.

        Args:
            split: Whose images they are.
            number: Place of the shard among those of the split, from 0.
            images: Encoded bytes of each image.
            done: Called with the number of further images that are done.
        """
        digests = [hashlib.sha256(image).digest() for image in images]
        rows = {digest: row for row, digest in reversed(list(enumerate(digests)))}  # the first of equal ones
        fresh = {
            digest: row for row, digest in enumerate(digests) if rows[digest] == row and digest not in self._places
        }
        found = self._encoding.encode([images[row] for row in fresh.values()], done)
        done(len(images) - len(fresh))
        if len(fresh) < len(images):
            order = {digest: place for place, digest in enumerate(fresh)}
            found = {view: self._whole(view, features, digests, order) for view, features in found.items()}
        write_shard(self._directory, split, number, found, self._precision)
        self._places |= {digest: (split, number, row) for digest, row in fresh.items()}

    def _whole(
        self, view: str, features: NDArray[np.float32], digests: Sequence[bytes], order: dict[bytes, int]
    ) -> NDArray[np.float32]:
        """The features of all images of a shard, from those that were encoded and those that were stored before."""
        whole = np.empty((len(digests), *features.shape[1:]), np.float32)
        for row, digest in enumerate(digests):
            if digest in order:
                whole[row] = features[order[digest]]
            else:
                split, number, stored = self._places[digest]
                whole[row] = stored_shard(self._directory, split, number, view, self._shapes[view])[stored]
        return whole
