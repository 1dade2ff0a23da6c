"""Packing the text of a corpus into shards as it streams by."""

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from inkling.components.artifacts.corpus import Corpus, Segment
from inkling.components.artifacts.indexed import IndexedWriter, token_type
from inkling.components.artifacts.manifest import sha256
from inkling.components.artifacts.tokens import EOS_ID, shard
from inkling.components.mixture.encoding import Encoding, encode
from inkling.components.mixture.placing import Place, placed
from inkling.components.mixture.portions import Portions
from inkling.components.partitions import Advance, map_units

_UNIT = 256
"""Segments that are tokenized at a time: one to two MB of text."""


class Shard:
    """A shard that is being written: a sequence per segment, the end-of-text token after each document.

    Attributes:
        tokens: Tokens so far.
        documents: Documents so far.
        bytes: UTF-8 bytes of its text so far.
    """

    def __init__(self, prefix: Path, vocabulary: int) -> None:
        """Opens its files, `prefix` with a suffix each, for tokens of a vocabulary of so many entries."""
        self._writer = IndexedWriter(prefix, vocabulary)
        self._document: str | None = None
        self.tokens = self.documents = self.bytes = 0

    def add(self, segment: Segment, tokens: bytes) -> None:
        """Appends a segment's tokens; the segments of a document come one after another."""
        if segment.document != self._document:
            self._end()
            self._document = segment.document
        self._writer.append(tokens)
        self.tokens += len(tokens) // self._writer.type.itemsize
        self.bytes += len(segment.text.encode())

    def __enter__(self) -> Self:
        """Returns the shard."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends the last document and closes the files."""
        self._end()
        self._writer.__exit__(kind, error, traceback)

    def _end(self) -> None:
        if self._document is not None:
            self._writer.end_document(EOS_ID)
            self.tokens, self.documents = self.tokens + 1, self.documents + 1


def write_shards(
    directory: Path, corpus: Corpus, mixed: Portions, tokenizer: Path, vocabulary: int,
    workers: int, advance: Advance,
) -> dict[Place, Shard]:  # fmt: skip
    """Writes a shard of each portion, and one of each source's held-out text.

    Memory does not grow with the corpus: texts come by the batch, and their tokens go to the files.

    Args:
        directory: Directory of the Tokens artifact.
        corpus: The corpus.
        mixed: The portions.
        tokenizer: Path of the `tokenizer.json`.
        vocabulary: Entries of the tokenizer.
        workers: Processes that tokenize; no byte depends on it.
        advance: Told the words that have been dealt with.

    Returns:
        The shards, closed.
    """
    wanted = Encoding(tokenizer, sha256(tokenizer), token_type(vocabulary).str)
    waiting: deque[list[tuple[Place, Segment]]] = deque()

    def texts() -> Iterator[list[str]]:
        for unit in _units(corpus, mixed, advance):
            waiting.append(unit)
            yield [segment.text for _, segment in unit]

    with ExitStack() as stack:
        opened: dict[Place, Shard] = {}
        for place in _places(corpus, mixed):
            opened[place] = stack.enter_context(Shard(shard(directory, place[1], place[0]), vocabulary))
        for encoded in map_units(partial(encode, wanted), texts(), workers, _ignore):
            unit = waiting.popleft()
            for (place, segment), tokens in zip(unit, encoded, strict=True):
                opened[place].add(segment, tokens)
            advance(sum(segment.words for _, segment in unit))
    return opened


def _places(corpus: Corpus, mixed: Portions) -> list[Place]:
    train: list[Place] = [("train", name) for name in mixed.weights]
    return [*train, *(("heldout", source) for source in corpus.sources())]


def _units(corpus: Corpus, mixed: Portions, advance: Advance) -> Iterator[list[tuple[Place, Segment]]]:
    """Segments that go into a shard, each with its place; `advance` is told the words of those that go into none."""
    for source in corpus.sources():
        for batch in placed(corpus, mixed, source):
            unit = [(place, segment) for place, segment in batch if place]
            advance(sum(segment.words for place, segment in batch if not place))
            yield from (unit[start : start + _UNIT] for start in range(0, len(unit), _UNIT))


def _ignore(done: int) -> None:
    """What is done is counted here in words, where the segments are."""
