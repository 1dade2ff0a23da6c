"""Where each segment of a corpus goes: the shard of a portion, of the held-out text, or none."""

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

from inkling.components.artifacts.corpus import Corpus, Segment, Split
from inkling.components.mixture.portions import Portions

Place = tuple[Split, str]
"""Split and name of a shard."""
Placed = list[tuple[Place | None, Segment]]


def placed(corpus: Corpus, mixed: Portions, source: str, wanted: Sequence[int] | None = None) -> Iterator[Placed]:
    """The segments of a source, a batch at a time, each with its place; None for text outside of the recipe.

    Args:
        corpus: The corpus.
        mixed: The portions.
        source: Name of the source.
        wanted: Places of the batches that are wanted, rising; None for all.
    """
    names = mixed.of(source)
    patterns = dict(enumerate(mixed.patterns.get(source, ())))
    for place, segments in zip(
        count() if wanted is None else wanted, corpus.batches(source, wanted=wanted), strict=False
    ):
        found = patterns.get(place, np.zeros(len(segments), np.uint8)).tolist()
        yield [(_place(one, names[pattern]), one) for one, pattern in zip(segments, found, strict=True)]


def training_texts(corpus: Corpus, mixed: Portions) -> Iterator[tuple[set[str], Iterator[tuple[str, Segment]]]]:
    """The training text by source: the names of its portions, and its segments, each with the name of its portion."""
    for source in corpus.sources():
        if names := {name for name in mixed.of(source) if name}:
            yield (
                names,
                (
                    (place[1], segment)
                    for batch in placed(corpus, mixed, source)
                    for place, segment in batch
                    if place and place[0] == "train"
                ),
            )


def _place(segment: Segment, portion: str | None) -> Place | None:
    if segment.split == "heldout":
        return "heldout", segment.source
    return ("train", portion) if portion else None
