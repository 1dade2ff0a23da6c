"""Packing the text of a corpus into shards as it streams by."""

import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from inkling.components.artifacts.corpus import Corpus, Segment
from inkling.components.artifacts.indexed import IndexedWriter, token_type
from inkling.components.artifacts.labels import BATCHES, PARTITION
from inkling.components.artifacts.tokens import shard
from inkling.components.mixture.encoding import Ready, TokenFormat, encode
from inkling.components.mixture.placing import Place, placed
from inkling.components.mixture.portions import Portions
from inkling.components.shared.runtime.partitions import Advance, map_units
from inkling.components.shared.store.manifest import sha256
from inkling.components.shared.store.part import Share
from inkling.models.sequence.special_tokens import BOS_ID, EOS_ID

_TOKENS = "tokens"
_UNIT = 256
"""Segments that are tokenized at a time: one to two MB of text."""


class Shard:
    """A shard that is being written: a sequence per segment, `<|bos|>` and `<|eos|>` around a document.

    Attributes:
        tokens: Tokens so far.
        documents: Documents so far.
        bytes: UTF-8 bytes of its text so far.
    """

    def __init__(self, prefix: Path, vocabulary: int) -> None:
        """Opens its files, `prefix` with a suffix each, for tokens of a vocabulary of so many entries."""
        self._writer = IndexedWriter(prefix, vocabulary)
        self._begin = np.array([BOS_ID], self._writer.type).tobytes()
        self._document: str | None = None
        self.tokens = self.documents = self.bytes = 0

    def add(self, segment: Segment, tokens: bytes) -> None:
        """Appends a segment's tokens; the segments of a document come one after another."""
        if segment.document != self._document:
            self._end()
            self._document = segment.document
            tokens = self._begin + tokens
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
    workers: int, advance: Advance, ready: Path | None = None,
) -> dict[Place, Shard]:  # fmt: skip
    """Writes a shard of each portion, and one of each source's held-out text.

    Memory does not grow with the corpus: texts come by the batch, and their tokens go to the files.

    Args:
        directory: Directory of the Tokens artifact.
        corpus: The corpus.
        mixed: The portions.
        tokenizer: Path of the `tokenizer.json`.
        vocabulary: Entries of the tokenizer.
        workers: Processes that tokenize.
        advance: Told the words that have been dealt with.
        ready: Where partitions lie that `write_ready` has tokenized.

    Returns:
        The shards, closed.
    """
    waiting: deque[Chunk] = deque()

    def texts() -> Iterator[list[str] | Ready]:
        for chunk in _chunks(corpus, mixed, advance):
            waiting.append(chunk)
            yield chunk.texts_or(ready)

    with ExitStack() as stack:
        opened: dict[Place, Shard] = {}
        for place in _places(corpus, mixed):
            opened[place] = stack.enter_context(Shard(shard(directory, place[1], place[0]), vocabulary))
        for encoded in map_units(partial(encode, _encoding(tokenizer, vocabulary)), texts(), workers, _ignore):
            chunk = waiting.popleft()
            for (place, segment), tokens in zip(chunk.segments, encoded, strict=True):
                opened[place].add(segment, tokens)
            advance(chunk.words)
    return opened


def write_ready(
    folder: Path, corpus: Corpus, mixed: Portions, tokenizer: Path, vocabulary: int,
    workers: int, advance: Advance, share: Share,
) -> None:  # fmt: skip
    """Tokenizes those partitions of a corpus that fall to a task, for `write_shards` of another task.

    Args:
        folder: Where a directory goes for each partition; those that a killed task has written are kept.
        corpus: The corpus.
        mixed: The portions.
        tokenizer: Path of the `tokenizer.json`.
        vocabulary: Entries of the tokenizer.
        workers: Processes that tokenize.
        advance: Told the words that have been dealt with.
        share: What falls to the task.
    """
    waiting: deque[Chunk] = deque()

    def texts() -> Iterator[list[str]]:
        for chunk in _chunks(corpus, mixed, advance, share):
            if not (folder / chunk.partition).exists():
                waiting.append(chunk)
                yield [segment.text for _, segment in chunk.segments]

    encoded = map_units(partial(encode, _encoding(tokenizer, vocabulary)), texts(), workers, _ignore)
    done = ((waiting.popleft(), tokens) for tokens in encoded)
    for name, chunks in groupby(done, lambda found: found[0].partition):
        draft = folder / f".{name}"
        shutil.rmtree(draft, ignore_errors=True)
        with IndexedWriter(draft / _TOKENS, vocabulary) as writer:
            for chunk, found in chunks:
                for tokens in found:
                    writer.append(tokens)
                advance(chunk.words)
            writer.end_document()
        draft.rename(folder / name)


def words_of(corpus: Corpus, share: Share) -> float:
    """Words of the text that falls to a task, about."""
    return sum(
        summary.words * sum(share.holds(place, index) for index in range(partitions)) / partitions
        for place, summary in enumerate(corpus.sources().values())
        if (partitions := ceil(summary.segments / PARTITION))
    )


@dataclass(frozen=True)
class Chunk:
    """Segments that are tokenized at a time.

    Attributes:
        segments: The segments, each with its place.
        partition: Name of the partition of the corpus that they are of.
        begin: How many segments of that partition that have a place come before.
    """

    segments: list[tuple[Place, Segment]]
    partition: str
    begin: int

    @property
    def words(self) -> int:
        """Words of the segments."""
        return sum(segment.words for _, segment in self.segments)

    def texts_or(self, ready: Path | None) -> list[str] | Ready:
        """The texts, or where their tokens lie already."""
        if ready and (ready / self.partition).exists():
            return Ready(ready / self.partition / _TOKENS, self.begin, self.begin + len(self.segments))
        return [segment.text for _, segment in self.segments]


def _chunks(corpus: Corpus, mixed: Portions, advance: Advance, share: Share | None = None) -> Iterator[Chunk]:
    """Segments that go into a shard; `advance` is called with the words of those that go into none."""
    for number, (source, summary) in enumerate(corpus.sources().items()):
        partitions = range(ceil(summary.segments / PARTITION))
        batches = None if share is None else _batches(index for index in partitions if share.holds(number, index))
        begin = 0
        for place, batch in zip(
            count() if batches is None else batches, placed(corpus, mixed, source, batches), strict=False
        ):
            begin = begin if place % BATCHES else 0
            kept = [(into, segment) for into, segment in batch if into]
            advance(sum(segment.words for into, segment in batch if not into))
            for start in range(0, len(kept), _UNIT):
                yield Chunk(kept[start : start + _UNIT], f"{source}.{place // BATCHES:05d}", begin + start)
            begin += len(kept)


def _batches(partitions: Iterable[int]) -> list[int]:
    return [index * BATCHES + place for index in partitions for place in range(BATCHES)]


def _encoding(tokenizer: Path, vocabulary: int) -> TokenFormat:
    return TokenFormat(tokenizer, sha256(tokenizer), token_type(vocabulary).str)


def _places(corpus: Corpus, mixed: Portions) -> list[Place]:
    train: list[Place] = [("train", name) for name in mixed.weights]
    return [*train, *(("heldout", source) for source in corpus.sources())]


def _ignore(done: int) -> None:
    """What is done is counted here in words, where the segments are."""
