"""What a reader yields, and the seeded order in which it yields it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from inkling.components.shared.storage.archives import Archive


@dataclass(frozen=True)
class Document:
    """A text that stands for itself.

    Attributes:
        name: Identity of the document within its package; it never changes with sizes or seeds.
        text: Its text.
    """

    name: str
    text: str


Order = Callable[[Iterable[str]], list[str]]
Wanted = Callable[[str], bool]
"""Says whether text of a kind is wanted; the kinds are the reader's: topics, sections, fields of knowledge."""
Reader = Callable[[Archive, Order], Iterator[Document]]
"""Yields the documents of an opened package in the given order of their names, parsing no more than is consumed."""
SelectiveReader = Callable[[Archive, Order, Wanted], Iterator[Document]]
"""A reader that takes the wanted kinds of text only; a document keeps its name whichever part of it is taken."""


def everything(kind: str) -> bool:
    """Wants text of every kind."""
    return True


def hash_order(seed: int) -> Order:
    """An order of names that looks random and depends on nothing but the seed and each name."""

    def order(names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: (unit_hash(seed, "order", name), name))

    return order


def unit_hash(seed: int, purpose: str, name: str) -> float:
    """A number in [0, 1) drawn by hashing a name; independent for different purposes."""
    digest = hashlib.sha256(f"{seed}\0{purpose}\0{name}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)
