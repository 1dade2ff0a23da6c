"""The Brown corpus: a file per text, named by its genre, with a part of speech behind each word."""

import re
from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order, Wanted, everything
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

_GENRES = {
    "a": "news", "b": "news", "c": "reviews", "d": "religion", "e": "hobbies", "f": "lore", "g": "belles lettres",
    "h": "government", "j": "learned", "k": "fiction", "l": "fiction", "m": "fiction", "n": "fiction", "p": "fiction",
    "r": "humour",
}  # fmt: skip
_BEFORE = re.compile(r" ([,.;:?!)]|'')")
_TWICE = re.compile(r"([;:?!])\1+")  # the corpus gives these marks twice
_QUOTES = re.compile(r"`` ?|''")


def read_brown(archive: Archive, order: Order, wanted: Wanted = everything) -> Iterator[Document]:
    """Yields one document per text of a wanted genre: a line a sentence, without the parts of speech."""
    for name in order(matching(archive, "*/c[a-r][0-9][0-9]")):
        if wanted(_GENRES[name[-3]]):
            lines = (" ".join(token.rpartition("/")[0] for token in line.split()) for line in _lines(archive, name))
            yield Document(name, "\n".join(_plain(line) for line in lines))


def _lines(archive: Archive, name: str) -> Iterator[str]:
    return (line for line in text_of(archive, name).splitlines() if line.strip())


def _plain(line: str) -> str:
    return _QUOTES.sub('"', _TWICE.sub(r"\1", _BEFORE.sub(r"\1", line)))
