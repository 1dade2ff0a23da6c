"""WordNet: database files with a line a synonym set, its words before and its gloss after a bar."""

from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order, Wanted, everything
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

PAGE = 20
_KINDS = {5: "animal", 13: "food", 20: "plant"}
"""Kinds of nouns by number of their lexicographer file; all else is of the kind "general"."""


def read_wordnet(archive: Archive, order: Order, wanted: Wanted = everything) -> Iterator[Document]:
    """Yields pages of `PAGE` neighbouring wanted entries of one kind, each the words of a set and its gloss."""
    pages: dict[str, list[str]] = {}
    for name in matching(archive, "*/data.*"):
        kinds: dict[str, list[str]] = {}
        for line in text_of(archive, name).splitlines():
            if not line.startswith(" "):
                kinds.setdefault(_kind(name, line), []).append(_entry(line))
        for kind, entries in kinds.items():
            if wanted(kind):
                starts = range(0, len(entries), PAGE)
                pages |= {f"{name}#{kind}.{start}": entries[start : start + PAGE] for start in starts}
    for key in order(pages):
        yield Document(key, "\n\n".join(pages[key]))


def _kind(name: str, line: str) -> str:
    return _KINDS.get(int(line.split(" ", 2)[1]), "general") if name.endswith(".noun") else "general"


def _entry(line: str) -> str:
    fields, _, gloss = line.partition(" | ")
    parts = fields.split(" ")
    words = parts[4 : 4 + 2 * int(parts[3], 16) : 2]
    return f"{', '.join(word.replace('_', ' ') for word in words)}: {gloss.strip()}"
