"""Reading a unit of a source's text, a document at a time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from inkling.components.artifacts.corpus import Segment
from inkling.components.corpus.catalogue import FileSource, HubSource, PackagePart, PackageSource, shared_out
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.document import Document, Wanted, hash_order
from inkling.components.corpus.hub import documents_of_shard, shards_of
from inkling.components.corpus.readers import SELECTIVE, load_reader
from inkling.components.corpus.segmenting import segments_of
from inkling.components.corpus.spans import Span, documents, units_of_files
from inkling.components.shared.storage.packages import package


@dataclass(frozen=True)
class Unit:
    """A part of a source that is read by itself; the parts are the same for any number of processes.

    Attributes:
        source: Name of the source.
        number: Its place in the order in which the source's units are taken.
        spans: Parts of files, if the source is made of files.
        shard: Number of a shard, if it is a data set of the hub. A source of packages is one unit, with neither.
    """

    source: str
    number: int
    spans: tuple[Span, ...] = ()
    shard: int = 0


def units(name: str, config: CorpusConfig) -> list[Unit]:
    """The units of a source, in the order in which they are taken."""
    entry = config.chosen[name]
    if isinstance(entry, FileSource):
        found = units_of_files(entry, config.files[name], config.seed)
        return [Unit(name, number, spans) for number, spans in enumerate(found)]
    if isinstance(entry, HubSource):
        return [Unit(name, number, shard=shard) for number, shard in enumerate(shards_of(entry, config.seed))]
    return [Unit(name, 0)]


def collect(unit: Unit, config: CorpusConfig, skipped: Counter[str]) -> Iterator[list[Segment]]:
    """Yields the segments of each document of a unit, until `words_per_source` words are there.

    Args:
        unit: The unit.
        config: The stage's configuration.
        skipped: Counts what cannot be read, by reason.
    """
    missing = config.words_per_source
    for segments in _documents_cut(unit, config, skipped):
        yield segments
        missing -= sum(segment.words for segment in segments)
        if missing <= 0:
            return


def _documents_cut(unit: Unit, config: CorpusConfig, skipped: Counter[str]) -> Iterator[list[Segment]]:
    entry = config.chosen[unit.source]
    found: Iterator[Document]
    if isinstance(entry, FileSource):
        found = chain.from_iterable(documents(entry, span, skipped) for span in unit.spans)
    elif isinstance(entry, HubSource):
        found = documents_of_shard(entry, unit.shard, skipped)
    else:
        yield from _of_packages(unit.source, config)
        return
    for document in found:
        yield segments_of(unit.source, document, entry.licence, config)


def parts_of(name: str, config: CorpusConfig) -> list[tuple[PackagePart, Wanted]]:
    """The parts of a source of packages and what it takes of each, beside the other chosen sources of packages."""
    return shared_out(name, {name: entry for name, entry in config.chosen.items() if isinstance(entry, PackageSource)})


def _of_packages(name: str, config: CorpusConfig) -> Iterator[list[Segment]]:
    """The next document always comes from the part that has given the fewest words."""
    waiting = [(part, _documents(part, config.seed, wanted)) for part, wanted in parts_of(name, config)]
    given = {part.package: 0 for part, _ in waiting}
    while waiting:
        part, found = min(waiting, key=lambda entry: given[entry[0].package])
        document = next(found, None)
        if document is None:
            waiting.remove((part, found))
            continue
        segments = segments_of(name, document, package(part.package).licence, config)
        given[part.package] += sum(segment.words for segment in segments)
        yield segments


def _documents(part: PackagePart, seed: int, wanted: Wanted) -> Iterator[Document]:
    with package(part.package).open() as archive:
        kinds = (wanted,) if part.reader in SELECTIVE else ()
        for document in load_reader(part.reader)(archive, hash_order(seed), *kinds):
            yield Document(f"{part.package}:{document.name}", document.text)
