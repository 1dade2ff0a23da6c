"""Making Labels: every segment judged by a labeller, behind earlier labels, and the shares beside the paper's."""

from collections.abc import Iterable, Sequence
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.corpus import Corpus, Segment
from inkling.components.artifacts.labels import (
    BATCHES,
    PARTITION,
    Flags,
    Labels,
    SegmentLabels,
    Version,
    joined,
    labels_table,
    partition,
    percentages,
    segment_labels,
    statistics_table,
    write_partition,
)
from inkling.components.artifacts.manifest import digest_of
from inkling.components.artifacts.store import Draft, produce
from inkling.components.config import ConfigError
from inkling.components.label.config import LabelConfig
from inkling.components.label.shares import table, write_shares
from inkling.components.progress import Progress, note

if TYPE_CHECKING:
    from inkling.components.label.labellers import Advance, OpenLabeller


def build_labels(
    config: LabelConfig, corpus: str | Path, output: str | Path, earlier: str | Path | None = None
) -> Labels:
    """Labels a corpus and prints the shares of the labels beside those of LSBS Table 4.

    Args:
        config: The stage's configuration.
        corpus: Where the Corpus artifact lies.
        output: Where the Labels artifact shall lie.
        earlier: Where earlier labels of the corpus lie; they are kept, and the new ones stand behind them.

    Raises:
        ConfigError: If the new labels would not be later than the earlier ones, or the labeller lacks what it needs
            from the environment.
        ArtifactError: If the corpus or the earlier labels are not what was written, or do not belong together.
        FetchError: If the embedding labeller's package cannot be had.
        RuntimeError: If the llm labeller's endpoint fails too often; it repeats the endpoint's words.
    """
    opened = Corpus.open(corpus)
    if earlier is None:
        labels = produce(Labels, output, config, {"corpus": opened}, lambda draft: _make(config, opened, None, draft))
    else:
        kept = Labels.open(earlier)
        kept.check(opened)
        last = kept.versions()[-1].date
        if config.date <= last:
            raise ConfigError(
                f"label.date is {config.date} and the labels in {earlier} are of {last}: labels are only added behind "
                "earlier ones, so give a later date"
            )
        inputs = {"corpus": opened, "earlier": kept}
        labels = produce(Labels, output, config, inputs, lambda draft: _make(config, opened, kept, draft))
    note(table(labels.shares()))
    return labels


def _make(config: LabelConfig, corpus: Corpus, earlier: Labels | None, draft: Draft) -> None:
    from inkling.components.label.labellers import labelling

    versions = [*(earlier.versions() if earlier else ()), Version(config.date, config.labeller)]
    sources = corpus.sources()
    task = [config.determinants(), corpus.digest, earlier.digest if earlier else None]
    work = draft.work / digest_of(task)
    work.mkdir(exist_ok=True)
    shares, counts, missing = {}, {}, {}
    with (
        Progress("labelling", sum(summary.segments for summary in sources.values()), "segments") as progress,
        labelling(config) as labeller,
    ):
        for source, summary in sources.items():
            labeller.begin(source, summary.segments)
            batches = corpus.batches(source)
            flags = np.concatenate(
                [
                    _partition(
                        work, source, index, versions, earlier, islice(batches, BATCHES), labeller, progress.advance
                    )
                    for index in range(ceil(summary.segments / PARTITION))
                ]
            )
            shares[source], counts[source], missing[source] = percentages(flags), len(flags), labeller.unlabelled
    for folder in ("statistics", "labels"):
        (work / folder).rename(draft.path / folder)
    write_shares(draft.path, versions, counts, shares, missing)
    if any(missing.values()):
        note(f"segments without labels, for want of an answer: {missing}")


def _partition(
    work: Path,
    source: str,
    index: int,
    versions: Sequence[Version],
    earlier: Labels | None,
    batches: Iterable[list[Segment]],
    labeller: "OpenLabeller",
    advance: "Advance",
) -> Flags:
    """Labels a partition's batches and writes it, unless a killed run has; returns the new flags."""
    place = work / partition("labels", source, index)
    if place.exists() and versions[-1].labeller != "llm":  # which keeps a cache, and counts what it got no answer to
        for segments in batches:
            advance(len(segments))
        rows = pq.read_table(place)
        return segment_labels(rows.slice(len(rows) // len(versions) * (len(versions) - 1))).flags
    judged, statistics = [], []
    for segments in batches:
        flags = labeller([segment.text for segment in segments], advance)
        keys = ([segment.document for segment in segments], [segment.segment for segment in segments])
        judged.append(SegmentLabels(*keys, flags))
        statistics.append(statistics_table(segments, versions[0].date))
    new = joined(iter(judged))
    rows = labels_table(source, versions[-1], new)
    if earlier:
        rows = pa.concat_tables([pq.read_table(earlier.path / partition("labels", source, index)), rows])
    write_partition(work, source, index, rows, pa.concat_tables(statistics))
    return new.flags
