"""Taking documents of one source, part by part, until there are words enough."""

from collections.abc import Callable, Iterator

from inkling.components.artifacts.corpus import Segment
from inkling.components.corpus.catalogue import Part, shared_out
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.document import Document, Wanted, hash_order, unit_hash
from inkling.components.corpus.readers import READERS, SELECTIVE
from inkling.components.corpus.segmenting import count_words, cut
from inkling.components.packages import package


def collect(name: str, config: CorpusConfig, advance: Callable[[int], None]) -> list[Segment]:
    """Reads a source's documents until `words_per_source` words are there or the source is exhausted.

    The next document always comes from the part that has given the fewest words. Whether a document is held out is
    drawn from its name, so it stays held out whatever the sizes are.

    Args:
        name: Name of the source.
        config: The stage's configuration.
        advance: Told of progress, in words; `words_per_source` in all.
    """
    parts = shared_out(name, config.sources)
    waiting = [(part, _documents(part, config.seed, wanted)) for part, wanted in parts]
    given = {part.package: 0 for part, _ in parts}
    segments: list[Segment] = []
    missing = config.words_per_source
    while waiting and missing > 0:
        part, documents = min(waiting, key=lambda entry: given[entry[0].package])
        document = next(documents, None)
        if document is None:
            waiting.remove((part, documents))
            continue
        fresh = _segments(name, part, document, config)
        words = sum(segment.words for segment in fresh)
        given[part.package] += words
        segments += fresh
        advance(min(words, missing))
        missing -= words
    advance(max(missing, 0))
    return segments


def _documents(part: Part, seed: int, wanted: Wanted) -> Iterator[Document]:
    with package(part.package).open() as archive:
        if part.reader in SELECTIVE:
            yield from SELECTIVE[part.reader](archive, hash_order(seed), wanted)
        else:
            yield from READERS[part.reader](archive, hash_order(seed))


def _segments(name: str, part: Part, document: Document, config: CorpusConfig) -> list[Segment]:
    identity = f"{part.package}:{document.name}"
    split = "heldout" if unit_hash(config.seed, "heldout", identity) < config.heldout else "train"
    texts = cut(document.text, config.segment_words, config.segments_per_document)
    licence = package(part.package).licence
    return [Segment(name, identity, i, text, count_words(text), licence, split) for i, text in enumerate(texts)]
