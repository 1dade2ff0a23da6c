"""Where each segment of a corpus goes: the shard of a portion, of the held-out text, or none."""

from collections.abc import Iterator

from inkling.components.artifacts.corpus import Corpus, Segment, Split
from inkling.components.mixture.counting import Labelling, carried, check_order
from inkling.components.mixture.portions import Portions

Place = tuple[Split, str]
"""Split and name of a shard."""
Placed = list[tuple[Place | None, Segment]]


def placed(corpus: Corpus, labels: Labelling | None, mixed: Portions, source: str) -> Iterator[Placed]:
    """The segments of a source, a batch at a time, each with its place; None for text outside of the recipe.

    Args:
        corpus: The corpus.
        labels: Its labels, where the portions are told apart by them.
        mixed: The portions.
        source: The source.

    Raises:
        ArtifactError: If the labels are those of other segments.
    """
    portions = mixed.of(source)
    judged = labels.batches(source) if labels and mixed.named else None
    for segments in corpus.batches(source):
        rows: list[tuple[bool, ...]] = [()] * len(segments)
        if judged:
            found = next(judged)
            check_order(found, [one.document for one in segments], [one.segment for one in segments], source)
            rows = [tuple(row) for row in carried(found.flags, mixed.named).tolist()]
        yield [(_place(segment, portions.get(row)), segment) for segment, row in zip(segments, rows, strict=True)]


def training_texts(
    corpus: Corpus, labels: Labelling | None, mixed: Portions
) -> Iterator[tuple[set[str], Iterator[tuple[str, Segment]]]]:
    """The training text by source: the names of its portions, and its segments, each with the name of its portion."""
    for source in corpus.sources():
        if names := set(mixed.of(source).values()):
            yield (
                names,
                (
                    (place[1], segment)
                    for batch in placed(corpus, labels, mixed, source)
                    for place, segment in batch
                    if place and place[0] == "train"
                ),
            )


def _place(segment: Segment, portion: str | None) -> Place | None:
    if segment.split == "heldout":
        return "heldout", segment.source
    return ("train", portion) if portion else None
