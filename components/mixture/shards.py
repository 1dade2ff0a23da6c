"""Packing the documents of a source into a shard."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from tokenizers import Tokenizer

from inkling.components.artifacts.corpus import Segment
from inkling.components.artifacts.indexed import IndexedWriter
from inkling.components.artifacts.tokens import EOS_ID

_BATCH = 256


def write_shard(
    prefix: Path, segments: list[Segment], tokenizer: Tokenizer, advance: Callable[[int], None]
) -> tuple[int, int]:
    """Writes a sequence per segment; the last one of each document ends with the end-of-text token.

    Args:
        prefix: Path of the shard's files without their suffix.
        segments: Segments of one source, those of a document together and in order.
        tokenizer: The tokenizer. Text that reads like a special token stays text.
        advance: Told the words of each batch.

    Returns:
        Number of tokens and number of documents.
    """
    tokenizer.encode_special_tokens = True
    tokens = documents = 0
    with IndexedWriter(prefix, tokenizer.get_vocab_size()) as writer:
        for _, group in groupby(_encoded(segments, tokenizer, advance), lambda pair: pair[0].document):
            sequences = [ids for _, ids in group]
            sequences[-1].append(EOS_ID)
            writer.add(sequences)
            tokens += sum(map(len, sequences))
            documents += 1
    return tokens, documents


def _encoded(
    segments: list[Segment], tokenizer: Tokenizer, advance: Callable[[int], None]
) -> Iterator[tuple[Segment, list[int]]]:
    for start in range(0, len(segments), _BATCH):
        batch = segments[start : start + _BATCH]
        encodings = tokenizer.encode_batch_fast([segment.text for segment in batch])
        yield from ((segment, encoding.ids) for segment, encoding in zip(batch, encodings, strict=True))
        advance(sum(segment.words for segment in batch))
