"""Making a Corpus: units of text read side by side, one choice among their segments, the chosen ones written."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from inkling.components.artifacts.corpus import (
    BATCH,
    Corpus,
    SegmentWriter,
    SourceSummary,
    read_batches,
    segments_path,
    write_sources,
)
from inkling.components.artifacts.questions import Questions
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.missing import check_splits
from inkling.components.corpus.origin import attribution, versions
from inkling.components.corpus.partition import Partition
from inkling.components.corpus.reading import prepare, read, read_share
from inkling.components.corpus.selection import REASONS, Mask, select
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.store.artifact import ATTRIBUTION
from inkling.components.shared.store.part import Part, Share, gather, produce_part
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, produce


def build_corpus(
    config: CorpusConfig, output: str | Path, questions: str | Path | None = None, parts: Sequence[str | Path] = ()
) -> Corpus:
    """Builds the corpus artifact.

    Args:
        config: The stage's configuration.
        output: Where the artifact shall lie.
        questions: Where the Questions artifact lies whose questions no training text may repeat, if there is one.
        parts: Where Part artifacts of this corpus lie; what none of them holds is made here.

    Raises:
        FetchError: If a package cannot be had.
        ConfigError: If the settings leave a source without training or without held-out text.
        ArtifactError: If the questions or a part are not what was written.
    """
    opened = _opened(questions)
    return produce(Corpus, output, config, opened, lambda draft: _make(config, opened, parts, draft))


def build_corpus_part(
    config: CorpusConfig, number: int, output: str | Path, questions: str | Path | None = None
) -> Part:
    """Makes ready what of a corpus falls to one of `config.parts` tasks, counted from 0.

    Raises:
        FetchError: If a package cannot be had.
        ConfigError: If there is no task of that number.
        ArtifactError: If the questions are not what was written.
    """
    share = Share(number, config.parts)
    opened = _opened(questions)
    return produce_part(
        output, config, opened, "corpus", share.name, lambda draft: _make_part(config, opened, share, draft)
    )


def _opened(questions: str | Path | None) -> dict[str, Questions]:
    return {} if questions is None else {"questions": Questions.open(questions)}


def _folder(config: CorpusConfig, opened: dict[str, Questions], draft: Draft) -> Path:
    """Where the units of a corpus lie while it is being made; named by its key."""
    return draft.scratch / provenance(config, opened).key


def _make_part(config: CorpusConfig, opened: dict[str, Questions], share: Share, draft: Draft) -> None:
    folder = _folder(config, opened, draft)
    first = [name for place, name in enumerate(config.sources) if share.holds(place, 0)]
    prepare(config, opened.get("questions"), folder, first)
    for partition in read_share(config, folder, share):
        partition.path.rename(draft.path / partition.path.name)


def _make(config: CorpusConfig, opened: dict[str, Questions], parts: Sequence[str | Path], draft: Draft) -> None:
    folder = _folder(config, opened, draft)
    prepare(config, opened.get("questions"), folder, config.sources)
    gather(parts, folder.name, folder, "*")
    partitions = read(config, folder)
    kept, removed = select(partitions, config.words_per_source, config.similarity)
    check_splits(config, partitions, kept, removed)
    summaries = {}
    with Progress("writing text", sum(map(len, kept)), "segments") as progress:
        for name in config.sources:
            mine = [(part, mask) for part, mask in zip(partitions, kept, strict=True) if part.source == name]
            summaries[name] = _write(draft.path, name, config, mine, removed[name], progress)
            _report(name, summaries[name])
    write_sources(draft.path, summaries)
    (draft.path / ATTRIBUTION).write_text(attribution(config))


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
