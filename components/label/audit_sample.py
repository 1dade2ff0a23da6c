"""A stratified sample of a labelled corpus: every source and every label shows in it, and the weights undo that."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import LABELS, Flags, Labels

NONE = "none"


@dataclass(frozen=True)
class Drawn:
    """A segment of the sample.

    Attributes:
        source: Name of the source.
        document: Identity of the document.
        segment: Index within the document.
        text: The text.
        stratum: Source and label from which it was drawn.
        weight: How many segments of the corpus it stands for.
        flags: Labels by the labeller that the sample was drawn by, in the order of `LABELS`.
    """

    source: str
    document: str
    segment: int
    text: str
    stratum: str
    weight: float
    flags: tuple[bool, ...]


def draw(corpus: Corpus, labels: Labels, count: int, seed: int) -> list[Drawn]:
    """Draws up to `count` segments of each source-and-label stratum, without replacement.

    A segment with several labels belongs to the stratum of the rarest of them, over the whole corpus, so that every
    segment is in one stratum and the rare labels are seen. In each the draw is uniform, and a segment weighs the size
    of its stratum over the number drawn from it.

    Args:
        corpus: The corpus.
        labels: Its labels.
        count: Segments of a stratum; all, where it has no more.
        seed: Seed of the draw.
    """
    flags = {source: labels.of(source).flags for source in corpus.sources()}
    rarest = np.argsort(np.concatenate(list(flags.values())).sum(axis=0), kind="stable")
    random = np.random.default_rng(seed)
    return [one for source in flags for one in _draw_source(corpus, source, flags[source], rarest, count, random)]


def _draw_source(
    corpus: Corpus, source: str, flags: Flags, rarest: np.ndarray, count: int, random: np.random.Generator
) -> Iterator[Drawn]:
    first = np.where(flags.any(axis=1), np.argmax(flags[:, rarest], axis=1), len(LABELS))
    names = [*(LABELS[index] for index in rarest), NONE]
    drawn: dict[int, tuple[str, float]] = {}
    for index, name in enumerate(names):
        members = np.flatnonzero(first == index)
        chosen = random.permutation(members)[:count]
        drawn |= {int(row): (f"{source}/{name}", len(members) / len(chosen)) for row in chosen}
    row = 0
    for batch in corpus.batches(source):
        for segment in batch:
            if row in drawn:
                own = tuple(bool(flag) for flag in flags[row])
                yield Drawn(source, segment.document, segment.segment, segment.text, *drawn[row], own)
            row += 1
