"""The words that captions tell images apart by: labels for the contrastive start of the connector."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

RAREST, COMMONEST = 0.004, 0.5
"""Words in a smaller part of the captions have too few examples; words in a larger part tell nothing."""

_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class CaptionWords:
    """Which word stands in which caption.

    Attributes:
        words: The words, in alphabetical order.
        pieces: Token ids of each word as it stands after a space, padded with -1, int64 (words, most pieces).
        present: Whether a caption has a word, bool (captions, words).
    """

    words: tuple[str, ...]
    pieces: NDArray[np.int64]
    present: NDArray[np.bool_]


def caption_words(captions: Sequence[str], tokenizer: Tokenizer) -> CaptionWords:
    """Finds the words that are neither too rare nor too common to tell images apart.

    Args:
        captions: What is said of each image.
        tokenizer: Of the language model whose embeddings stand for the words.

    Raises:
        ValueError: If no word is left.
    """
    sets = [set(_WORD.findall(caption.lower())) for caption in captions]
    counts = Counter(word for words in sets for word in words)
    low, high = RAREST * len(captions), COMMONEST * len(captions)
    words = sorted(word for word, count in counts.items() if low <= count <= high)
    if not words:
        raise ValueError(f"no word stands in {RAREST:.1%} to {COMMONEST:.0%} of the {len(captions)} captions")
    encoded = [tokenizer.encode(f" {word}", add_special_tokens=False).ids for word in words]
    pieces = np.full((len(words), max(map(len, encoded))), -1, np.int64)
    for row, ids in enumerate(encoded):
        pieces[row, : len(ids)] = ids
    present = np.array([[word in found for word in words] for found in sets])
    return CaptionWords(tuple(words), pieces, present)
