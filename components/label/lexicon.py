"""A labeller that counts: words, phrases and patterns of each label per 1,000 words, against a threshold."""

import string
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.shared.config import Section, read_file

_LEXICON = Path(__file__).with_name("lexicon.yaml")
_LETTERS = bytes(byte if chr(byte) in string.ascii_lowercase else ord(" ") for byte in range(256))
"""Turns every byte that is no lower-case letter into a space; those of other alphabets are all beyond 127."""
_BITS = tuple(1 << index for index in range(len(LABELS)))
_SIBILANTS = ("s", "x", "z", "ch", "sh")
_BATCH = 4_096
LEAST = 2
"""Occurrences that a label needs at least: one word in a short text shows nothing, whatever its rate."""


class Entry(Section):
    """What speaks for a label."""

    threshold: float = Field(gt=0, description="occurrences per 1,000 words from which a segment carries the label")
    words: str = Field("", description="words in lower case, between spaces; a word stands for its plural too")
    phrases: list[str] = Field([], description="word sequences in lower case, matched at the bounds of words")
    patterns: list[str] = Field([], description="RE2 patterns, matched in the text as it is")

    def vocabulary(self) -> set[str]:
        """The words and their plurals."""
        words = self.words.split()
        return {*words, *(word + ("es" if word.endswith(_SIBILANTS) else "s") for word in words)}

    def phrase_pattern(self) -> str:
        """One RE2 pattern for all phrases."""
        return rf"\b(?:{'|'.join(self.phrases)})\b"


class Lexicon:
    """Labels texts by the rates of what speaks for each label; vectorised over texts."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        """Takes one entry for each of the labels."""
        self._entries = [entries[label] for label in LABELS]
        self._speaks: dict[str, int] = {}  # for each word, the bits of the labels that it speaks for
        for bit, entry in zip(_BITS, self._entries, strict=True):
            for word in entry.vocabulary():
                self._speaks[word] = self._speaks.get(word, 0) | bit
        self._thresholds = np.array([entry.threshold for entry in self._entries])

    @classmethod
    def load(cls) -> Self:
        """The lexicon of `lexicon.yaml`."""
        raw = read_file(_LEXICON)
        return cls({label: Entry.model_validate(raw[label]) for label in LABELS})

    def __call__(self, texts: Sequence[str]) -> Flags:
        """Flags of each text, (texts, 6)."""
        batches = [self._flags(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        return np.concatenate([np.empty((0, len(LABELS)), np.bool_), *batches])

    def _flags(self, texts: Sequence[str]) -> Flags:
        words, counts = self.count(texts)
        return (1_000 * counts >= self._thresholds * words[:, None]) & (counts >= LEAST)

    def count(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Number of words of each text, (texts,), and of occurrences that speak for each label, (texts, 6).

        A word is a run of letters. Phrases and patterns count beside words, so a word may count twice.
        """
        plain = pa.array(texts, pa.large_string())
        lowered = pc.utf8_lower(plain)
        words, counts = self._words(lowered, len(texts))
        for index, entry in enumerate(self._entries):
            for pattern in entry.patterns:
                counts[:, index] += pc.count_substring_regex(plain, pattern).to_numpy()
            if entry.phrases:
                counts[:, index] += pc.count_substring_regex(lowered, entry.phrase_pattern()).to_numpy()
        return words, counts

    def _words(self, lowered: pa.LargeStringArray, texts: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Number of words of each text, (texts,), and of those in each vocabulary, (texts, 6)."""
        _, offsets, letters = lowered.buffers()
        spaced = pa.py_buffer(letters.to_pybytes().translate(_LETTERS) if letters else b"")
        words = pc.ascii_split_whitespace(pa.LargeStringArray.from_buffers(texts, offsets, spaced))
        parents = pc.list_parent_indices(words).to_numpy()
        encoded = pc.list_flatten(words).dictionary_encode()
        codes, distinct = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
        speaks = np.array([self._speaks.get(word, 0) for word in distinct], dtype=np.uint8)[codes]
        known = np.flatnonzero(speaks)
        speaks, whose = speaks[known], parents[known]
        counts = [np.bincount(whose[(speaks & bit) > 0], minlength=texts) for bit in _BITS]
        empty = distinct.index("") if "" in distinct else -1
        return np.bincount(parents[codes != empty], minlength=texts), np.column_stack(counts)
