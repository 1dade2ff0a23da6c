"""Making a Corpus: documents of each source, cut, split and attributed."""

from collections.abc import Iterator
from pathlib import Path

from inkling.components.artifacts.corpus import (
    ATTRIBUTION,
    Corpus,
    Segment,
    SourceSummary,
    write_segments,
    write_sources,
)
from inkling.components.artifacts.store import Draft, produce
from inkling.components.config import ConfigError
from inkling.components.corpus.catalogue import shared_out, source
from inkling.components.corpus.collect import collect
from inkling.components.corpus.config import CorpusConfig
from inkling.components.packages import attribution, package
from inkling.components.progress import Progress


def build_corpus(config: CorpusConfig, output: str | Path) -> Corpus:
    """Builds the corpus artifact.

    Args:
        config: The stage's configuration.
        output: Where the artifact shall lie.

    Raises:
        FetchError: If a package cannot be had.
        ConfigError: If the settings leave a source without training or without held-out text.
    """
    return produce(Corpus, output, config, {}, lambda draft: _make(config, draft))


def _make(config: CorpusConfig, draft: Draft) -> None:
    packages = {
        name: list(dict.fromkeys(part.package for part, _ in shared_out(name, config.sources)))
        for name in config.sources
    }
    names = sorted({name for used in packages.values() for name in used})
    for name in names:
        package(name).fetch()
    summaries = {}
    with Progress("reading text", len(config.sources) * config.words_per_source, "words") as progress:
        for name, segments in _distinct(config, draft, progress):
            summaries[name] = _summary(name, packages[name], segments)
            write_segments(draft.path, name, segments)
    write_sources(draft.path, summaries)
    (draft.path / ATTRIBUTION).write_text(attribution(names))


def _distinct(config: CorpusConfig, draft: Draft, progress: Progress) -> Iterator[tuple[str, list[Segment]]]:
    """The segments of each source; duplicates left out, which takes all sources at once, if that is asked for."""
    read = ((name, collect(name, config, progress.advance)) for name in config.sources)
    if not config.similarity:
        yield from read
        return
    from inkling.components.corpus.duplicates import without_duplicates, write_duplicates

    distinct, removed = without_duplicates(dict(read), config.similarity)
    write_duplicates(draft.path, removed)
    yield from distinct.items()


def _summary(name: str, packages: list[str], segments: list[Segment]) -> SourceSummary:
    documents = {
        split: {segment.document for segment in segments if segment.split == split} for split in ("train", "heldout")
    }
    for split, found in documents.items():
        if not found:
            raise ConfigError(
                f"source '{name}' has no {split} document: raise corpus.words_per_source or change corpus.heldout"
            )
    return SourceSummary(
        quality=source(name).quality,
        description=source(name).description,
        words=sum(segment.words for segment in segments),
        documents=len(documents["train"]) + len(documents["heldout"]),
        heldout_documents=len(documents["heldout"]),
        segments=len(segments),
        licence=sorted({segment.licence for segment in segments}),
        packages={used: package(used).version for used in packages},
    )
