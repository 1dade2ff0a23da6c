"""Making Labels: every segment judged by a labeller, behind earlier labels, and the shares beside the paper's."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.corpus import Corpus
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
from inkling.components.label.config import LabelConfig
from inkling.components.label.shares import table, write_shares
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.part import Part, Share, gather, produce_part
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from inkling.components.label.labellers import OpenLabeller
    from inkling.components.shared.runtime.partitions import Advance


def build_labels(
    config: LabelConfig,
    corpus: str | Path,
    output: str | Path,
    earlier: str | Path | None = None,
    parts: Sequence[str | Path] = (),
) -> Labels:
    """Labels a corpus and prints the shares of the labels beside those of LSBS Table 4.

    Args:
        config: The stage's configuration.
        corpus: Where the Corpus artifact lies.
        output: Where the Labels artifact shall lie.
        earlier: Where earlier labels of the corpus lie; they are kept, and the new ones stand behind them.
        parts: Where Part artifacts of these labels lie; what none of them holds is labelled here.

    Raises:
        ConfigError: If the new labels would not be later than the earlier ones, or the labeller lacks what it needs
            from the environment.
        ArtifactError: If the corpus, the earlier labels or a part are not what was written, or do not belong together.
        FetchError: If the embedding labeller's package cannot be had.
        RuntimeError: If the llm labeller's endpoint fails too often; it repeats the endpoint's words.
    """
    opened = Corpus.open(corpus)
    kept = None if earlier is None else Labels.open(earlier)
    if kept:
        kept.check(opened)
        last = kept.versions()[-1].date
        if config.date <= last:
            raise ConfigError(
                f"label.date is {config.date} and the labels in {earlier} are of {last}: labels are only added behind "
                "earlier ones, so give a later date"
            )
    inputs: dict[str, Artifact] = {"corpus": opened, "earlier": kept} if kept else {"corpus": opened}
    key = provenance(config, inputs).key

    def make(draft: Draft) -> None:
        gather(parts, key, draft.scratch / key, "statistics/*", "labels/*")
        _make(config, opened, kept, draft.scratch / key, draft)

    labels = produce(Labels, output, config, inputs, make)
    note(table(labels.shares()))
    return labels


def build_labels_part(config: LabelConfig, number: int, corpus: str | Path, output: str | Path) -> Part:
    """Labels what of a corpus falls to one of `config.parts` tasks, counted from 0.

    Raises:
        ConfigError: If there is no task of that number.
        ArtifactError: If the corpus is not what was written.
        FetchError: If the embedding labeller's package cannot be had.
    """
    share = Share(number, config.parts)
    opened = Corpus.open(corpus)
    key = provenance(config, {"corpus": opened}).key

    def make(draft: Draft) -> None:
        work = draft.scratch / key
        _make_part(config, opened, share, work)
        for folder in ("statistics", "labels"):
            if (work / folder).exists():
                (work / folder).rename(draft.path / folder)

    return produce_part(output, config, {"corpus": opened}, "labels", share.name, make)


def _make_part(config: LabelConfig, corpus: Corpus, share: Share, work: Path) -> None:
    from inkling.components.label.labellers import labelling

    versions = [Version(config.date, config.labeller)]
    units = [
        (source, index, summary.segments)
        for place, (source, summary) in enumerate(corpus.sources().items())
        for index in range(ceil(summary.segments / PARTITION))
        if share.holds(place, index)
    ]
    total = sum(min(PARTITION, segments - index * PARTITION) for _, index, segments in units)
    with Progress("labelling a part", total, "segments") as progress, labelling(config) as labeller:
        for source, index, segments in units:
            labeller.begin(source, segments)
            _partition(work, corpus, source, index, versions, None, labeller, progress.advance)


def _make(config: LabelConfig, corpus: Corpus, earlier: Labels | None, work: Path, draft: Draft) -> None:
    from inkling.components.label.labellers import labelling

    versions = [*(earlier.versions() if earlier else ()), Version(config.date, config.labeller)]
    sources = corpus.sources()
    shares, counts, missing = {}, {}, {}
    with (
        Progress("labelling", sum(summary.segments for summary in sources.values()), "segments") as progress,
        labelling(config) as labeller,
    ):
        for source, summary in sources.items():
            labeller.begin(source, summary.segments)
            flags = np.concatenate(
                [
                    _partition(work, corpus, source, index, versions, earlier, labeller, progress.advance)
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
    corpus: Corpus,
    source: str,
    index: int,
    versions: Sequence[Version],
    earlier: Labels | None,
    labeller: "OpenLabeller",
    advance: "Advance",
) -> Flags:
    """Labels a partition of a source and writes it, unless it is there already; returns the new flags."""
    place = work / partition("labels", source, index)
    if place.exists() and versions[-1].labeller != "llm":  # which keeps a cache, and counts what it got no answer to
        rows = pq.read_table(place)
        last = rows.slice(len(rows) // len(versions) * (len(versions) - 1))
        advance(len(last))
        return segment_labels(last).flags
    judged, statistics = [], []
    for segments in corpus.batches(source, wanted=range(index * BATCHES, (index + 1) * BATCHES)):
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
