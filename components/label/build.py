"""Making Labels: every segment judged by a labeller, and the shares beside the paper's."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import LABELS, Labels, SegmentLabels, percentages, write_labels
from inkling.components.artifacts.store import Draft, produce
from inkling.components.label.config import LabelConfig
from inkling.components.label.shares import table, write_shares
from inkling.components.progress import Progress, note


def build_labels(config: LabelConfig, corpus: str | Path, output: str | Path) -> Labels:
    """Labels a corpus and prints the shares of the labels beside those of LSBS Table 4.

    Args:
        config: The stage's configuration.
        corpus: Where the Corpus artifact lies.
        output: Where the Labels artifact shall lie.

    Raises:
        ArtifactError: If the corpus is not what was written.
        ConfigError: If the labeller lacks what it needs from the environment.
        FetchError: If the embedding labeller's package cannot be had.
        RuntimeError: If the llm labeller's endpoint fails too often; it repeats the endpoint's words.
    """
    opened = Corpus.open(corpus)
    labels = produce(Labels, output, config, {"corpus": opened}, lambda draft: _make(config, opened, draft))
    note(table(labels.shares()))
    return labels


def _make(config: LabelConfig, corpus: Corpus, draft: Draft) -> None:
    from inkling.components.label.labellers import labelling

    shares, counts, missing = {}, {}, {}
    sources = corpus.sources()
    with (
        Progress("labelling", sum(summary.segments for summary in sources.values()), "segments") as progress,
        labelling(config) as labeller,
    ):
        for source, summary in sources.items():
            labeller.begin(source, summary.segments)
            keys: list[tuple[str, int]] = []
            judged = [labeller(texts, progress.advance) for texts in _texts(corpus, source, keys)]
            flags = np.concatenate([np.empty((0, len(LABELS)), np.bool_), *judged])
            write_labels(draft.path, source, SegmentLabels([key[0] for key in keys], [key[1] for key in keys], flags))
            shares[source], counts[source], missing[source] = percentages(flags), len(keys), labeller.unlabelled
    write_shares(draft.path, config.labeller, counts, shares, missing)
    if any(missing.values()):
        note(f"segments without labels, for want of an answer: {missing}")


def _texts(corpus: Corpus, source: str, keys: list[tuple[str, int]]) -> Iterator[list[str]]:
    """The texts of a source in batches; the document and index of each are added to `keys` as it is read."""
    for batch in corpus.batches(source):
        keys += [(segment.document, segment.segment) for segment in batch]
        yield [segment.text for segment in batch]
