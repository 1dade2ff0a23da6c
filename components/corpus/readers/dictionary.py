"""A dictionary: JSON files by first letter, mapping headwords to parts of speech and definitions."""

import json
import re
from collections.abc import Iterator
from typing import Any

from inkling.components.corpus.document import Document, Order, Wanted, everything
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

PAGE = 20
_EDITORIAL = re.compile(r"\s*\[(?:1913 Webster|[^\]]*(?:PJC|WordNet)[^\]]*)\]")
_NATURAL_HISTORY = re.compile(
    r"\((?:Bot|Zo[o\u00f6]l)\.|\([A-Z][a-z]{2,} [a-z]{3,}[,)]|\b(?:genus|genera) [A-Z][a-z]|\bSpecies\b"
)
_SPACE = re.compile(r"\s+")


def read_dictionary(archive: Archive, order: Order, wanted: Wanted = everything) -> Iterator[Document]:
    """Yields the wanted entries of pages of `PAGE` neighbours, so that inflections of one word never part in a split.

    An entry is of the kind "natural history" if it names a species or a genus or marks a sense as botany or zoology,
    else of the kind "general".
    """
    pages: dict[str, list[dict[str, Any]]] = {}
    for name in matching(archive, "*/data/en/words_*.json"):
        entries = list(json.loads(text_of(archive, name)).values())
        for start in range(0, len(entries), PAGE):
            pages[f"{name}#{start}"] = entries[start : start + PAGE]
    for key in order(pages):
        if texts := [text for text in map(_entry, pages[key]) if wanted(_kind(text))]:
            yield Document(key, "\n\n".join(texts))


def _kind(text: str) -> str:
    return "natural history" if _NATURAL_HISTORY.search(text) else "general"


def _entry(entry: dict[str, Any]) -> str:
    lines = []
    for sense in entry["pos"]:
        texts = [definition["text"] for definition in sense["definitions"]] + [sense.get("cs") or ""]
        prose = " ".join(text for text in map(_plain, texts) if text)
        lines.append(f"{entry['entry']} ({sense.get('part_of_speech') or '-'}) {prose}")
    return "\n".join(lines)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", _EDITORIAL.sub("", text)).strip()
