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
    from inkling.components.label.labellers import Labeller


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
        ConfigError: If the new labels would not be later than the earlier ones.
        ArtifactError: If the corpus or the earlier labels are not what was written, or do not belong together.
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
    from inkling.components.label.labellers import LABELLERS

    labeller = LABELLERS[config.labeller]()
    versions = [*(earlier.versions() if earlier else ()), Version(config.date, config.labeller)]
    sources = corpus.sources()
    task = [config.model_dump(mode="json"), corpus.digest, earlier.digest if earlier else None]
    work = draft.work / digest_of(task)
    work.mkdir(exist_ok=True)
    shares, counts = {}, {}
    with Progress("labelling", sum(summary.segments for summary in sources.values()), "segments") as progress:
        for source, summary in sources.items():
            flags = []
            batches = corpus.batches(source)
            for index in range(ceil(summary.segments / PARTITION)):
                segments = islice(batches, BATCHES)
                new = _partition(work, source, index, versions, earlier, segments, labeller)
                flags.append(new)
                progress.advance(len(new))
            together = np.concatenate(flags)
            shares[source], counts[source] = percentages(together), len(together)
    for folder in ("statistics", "labels"):
        (work / folder).rename(draft.path / folder)
    write_shares(draft.path, versions, counts, shares)


def _partition(
    work: Path,
    source: str,
    index: int,
    versions: Sequence[Version],
    earlier: Labels | None,
    batches: Iterable[list[Segment]],
    labeller: "Labeller",
) -> Flags:
    """Labels a partition's batches and writes it, unless a killed run has; returns the new flags."""
    place = work / partition("labels", source, index)
    if place.exists():
        for _ in batches:
            pass
        rows = pq.read_table(place)
        return segment_labels(rows.slice(len(rows) // len(versions) * (len(versions) - 1))).flags
    judged, statistics = [], []
    for segments in batches:
        flags = labeller([segment.text for segment in segments])
        keys = ([segment.document for segment in segments], [segment.segment for segment in segments])
        judged.append(SegmentLabels(*keys, flags))
        statistics.append(statistics_table(segments, versions[0].date))
    new = joined(iter(judged))
    rows = labels_table(source, versions[-1], new)
    if earlier:
        rows = pa.concat_tables([pq.read_table(earlier.path / partition("labels", source, index)), rows])
    write_partition(work, source, index, rows, pa.concat_tables(statistics))
    return new.flags
