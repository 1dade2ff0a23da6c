"""Making Labels: every segment judged by a labeller, and the shares beside the paper's."""

from pathlib import Path

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import Labels, SegmentLabels, percentages, write_labels
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
    """
    opened = Corpus.open(corpus)
    labels = produce(Labels, output, config, {"corpus": opened}, lambda draft: _make(config, opened, draft))
    note(table(labels.shares()))
    return labels


def _make(config: LabelConfig, corpus: Corpus, draft: Draft) -> None:
    from inkling.components.label.labellers import LABELLERS

    labeller = LABELLERS[config.labeller]()
    shares, counts = {}, {}
    sources = corpus.sources()
    with Progress("labelling", sum(summary.segments for summary in sources.values()), "segments") as progress:
        for source in sources:
            segments = corpus.segments(source)
            flags = labeller([segment.text for segment in segments])
            keys = ([segment.document for segment in segments], [segment.segment for segment in segments])
            write_labels(draft.path, source, SegmentLabels(*keys, flags))
            shares[source], counts[source] = percentages(flags), len(segments)
            progress.advance(len(segments))
    write_shares(draft.path, config.labeller, counts, shares)
