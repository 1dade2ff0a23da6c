"""Counting the words of a text and cutting it into segments, before there is any tokenizer."""

import re
from itertools import islice

from inkling.components.artifacts.corpus import Segment, Split
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.document import Document, unit_hash

WORD = re.compile(r"\w+|[^\w\s]")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


def count_words(text: str) -> int:
    """Number of words: every run of letters, digits and underscores, and every punctuation mark, is one."""
    return sum(1 for _ in WORD.finditer(text))


def cut(text: str, words: int, limit: int) -> list[str]:
    """Cuts a text into segments; joined in order they are its beginning, or all of it if there are few enough.

    A segment holds at most `words` words. It ends at the last line break in its second half, else at the last end of a
    sentence there, else after exactly `words` words.

    Args:
        text: The text.
        words: Most words of a segment (the paper labels segments of 1,024 tokens: LSBS section 3).
        limit: Most segments.
    """
    starts = [match.start() for match in islice(WORD.finditer(text), words * limit + 1)]
    segments: list[str] = []
    begin, first = 0, 0
    while len(segments) < limit and first < len(starts):
        if first + words >= len(starts):
            segments.append(text[begin:])
            break
        end = _break(text, starts[first + words // 2], starts[first + words])
        segments.append(text[begin:end])
        begin = end
        while first < len(starts) and starts[first] < end:
            first += 1
    return segments


def _break(text: str, earliest: int, latest: int) -> int:
    line = text.rfind("\n", earliest, latest)
    if line >= 0:
        return line + 1
    ends = [match.end() for match in _SENTENCE_END.finditer(text, earliest, latest)]
    return ends[-1] if ends else latest


def segments_of(source: str, document: Document, licence: str, config: CorpusConfig) -> list[Segment]:
    """Cuts a document, and draws from its name whether it is held out, so that this holds for a corpus of any size."""
    split: Split = "heldout" if unit_hash(config.seed, "heldout", document.name) < config.heldout else "train"
    texts = cut(document.text, config.segment_words, config.segments_per_document)
    return [
        Segment(source, document.name, number, text, count_words(text), licence, split)
        for number, text in enumerate(texts)
    ]
