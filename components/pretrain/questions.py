"""Zero-shot multiple choice made of held-out text: which words come next, and which word is missing.

`continuation`: a passage of held-out text and four continuations of one length, the true one and three that continue
other documents of the same source. `cloze`: a passage in which a rare word is missing, with that word and three of like
frequency in the source to choose from; the words that follow count too. A choice is a whole word of one token, so all
choices of an item have the same number of tokens and none is favoured by its length. The items are a function of the
text alone: every model of the same tokens gets the same items.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.indexed import IndexedDataset

CHOICES = 4
PASSAGE, CONTINUATION, FOLLOWING = 32, 16, 8
"""Tokens of a passage, of a continuation, and of what follows a missing word."""
_LETTERS, _SPACE = 4, "\u0120"
"""Letters of a word at least, and how a byte-level tokenizer writes the space before one."""
Tokens = NDArray[np.int64]


@dataclass(frozen=True)
class HeldoutItem:
    """A question without words: what comes after a passage.

    Attributes:
        suite: "continuation" or "cloze".
        source: Source of the text.
        document: Number of the document within the source.
        passage: Tokens before, (n,).
        choices: Tokens after it, one row a choice, (4, m).
        answer: Row of the true choice.
    """

    suite: str
    source: str
    document: int
    passage: Tokens
    choices: Tokens
    answer: int


def continuation_items(source: str, dataset: IndexedDataset, count: int) -> list[HeldoutItem]:
    """At most `count` items, one a document; none where the source has fewer than four long documents."""
    need = PASSAGE + CONTINUATION
    long = [number for number, length in enumerate(_lengths(dataset)) if length > need + 1]
    if len(long) < CHOICES:
        return []
    items: list[HeldoutItem] = []
    for document in _spread(long, count):
        random = np.random.default_rng((0, document))
        drawn = random.permutation([number for number in long if number != document])[: CHOICES - 1]
        passage, truth = _cut(dataset, document, random)
        rows = [truth, *(_cut(dataset, int(number), random)[1] for number in drawn)]
        items.append(_shuffled("continuation", source, document, passage, rows, random))
    return items


def cloze_items(source: str, dataset: IndexedDataset, count: int, entry: Callable[[int], str]) -> list[HeldoutItem]:
    """At most `count` items, one a document; none where the source has no four rare words of like frequency.

    Args:
        source: Name of the source.
        dataset: Its held-out text.
        count: Items at most.
        entry: The vocabulary's entry of a token, as a byte-level tokenizer writes it.
    """
    tokens = np.asarray(dataset.tokens)
    frequency = np.bincount(tokens)
    starts = np.array([not entry(token)[:1].isalnum() or entry(token)[0] == _SPACE for token in range(len(frequency))])
    whole = np.bincount(tokens[:-1], weights=starts[tokens[1:]], minlength=len(frequency)) > 0.5 * frequency
    words = [token for token in np.flatnonzero(whole).tolist() if _is_word(entry(token))]
    ranked = np.array(sorted(words, key=lambda token: (frequency[token], token)))
    rare = {int(token): place for place, token in enumerate(ranked[: len(ranked) // 2])}
    if len(rare) < CHOICES:
        return []
    long = [number for number, length in enumerate(_lengths(dataset)) if length > PASSAGE + FOLLOWING + 2]
    items: list[HeldoutItem] = []
    for document in _spread(long, 4 * count):
        text = np.asarray(dataset.document(document), dtype=np.int64)
        found = [
            place
            for place in range(PASSAGE + 1, len(text) - FOLLOWING - 1)
            if int(text[place]) in rare and starts[text[place + 1]]
        ]
        if not found or len(items) == count:
            continue
        random = np.random.default_rng((1, document))
        place = int(random.choice(found))
        near = _like(ranked, rare[int(text[place])])
        after = text[place + 1 : place + 1 + FOLLOWING]
        rows = [np.concatenate([[word], after]) for word in (int(text[place]), *near)]
        items.append(_shuffled("cloze", source, document, text[place - PASSAGE : place], rows, random))
    return items


def _lengths(dataset: IndexedDataset) -> NDArray[np.int64]:
    """Tokens of each document."""
    return np.diff(np.concatenate([[0], np.cumsum(dataset.lengths, dtype=np.int64)])[dataset.documents])


def _spread(numbers: list[int], count: int) -> list[int]:
    """Numbers evenly spread over a list."""
    picked = np.linspace(0, max(len(numbers) - 1, 0), min(count, len(numbers))).round().astype(int)
    return [numbers[index] for index in picked.tolist()]


def _cut(dataset: IndexedDataset, document: int, random: np.random.Generator) -> tuple[Tokens, Tokens]:
    """A passage of a document and what continues it, without the tokens that begin and end the text."""
    text = np.asarray(dataset.document(document), dtype=np.int64)
    first = int(random.integers(1, len(text) - PASSAGE - CONTINUATION))
    middle = first + PASSAGE
    return text[first:middle], text[middle : middle + CONTINUATION]


def _like(ranked: NDArray[np.int64], place: int) -> list[int]:
    """The words next to one in the order of frequency."""
    first = min(max(place - CHOICES // 2, 0), len(ranked) - CHOICES)
    return [int(word) for word in ranked[first : first + CHOICES] if word != ranked[place]]


def _is_word(entry: str) -> bool:
    return entry.startswith(_SPACE) and len(entry) > _LETTERS and entry[1:].isascii() and entry[1:].isalpha()


def _shuffled(
    suite: str, source: str, document: int, passage: Tokens, rows: list[Tokens], random: np.random.Generator
) -> HeldoutItem:
    """An item from its true row and the others."""
    order = random.permutation(len(rows))
    return HeldoutItem(
        suite, source, document, passage, np.stack([rows[index] for index in order]), int(order.argmin())
    )
