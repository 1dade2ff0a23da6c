"""A dictionary: JSON files by first letter, mapping headwords to parts of speech and definitions."""

import json
import re
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import matching, text_of

PAGE = 20
_EDITORIAL = re.compile(r"\s*\[(?:1913 Webster|[^\]]*(?:PJC|WordNet)[^\]]*)\]")
_SPACE = re.compile(r"\s+")


def read_dictionary(archive: ZipFile, order: Order) -> Iterator[Document]:
    """Yields pages of `PAGE` neighbouring entries, so that inflections of one word never part in a split."""
    pages: dict[str, list[dict[str, Any]]] = {}
    for name in matching(archive, "*/data/en/words_*.json"):
        entries = list(json.loads(text_of(archive, name)).values())
        for start in range(0, len(entries), PAGE):
            pages[f"{name}#{start}"] = entries[start : start + PAGE]
    for key in order(pages):
        yield Document(key, "\n\n".join(_entry(entry) for entry in pages[key]))


def _entry(entry: dict[str, Any]) -> str:
    lines = []
    for sense in entry["pos"]:
        texts = [definition["text"] for definition in sense["definitions"]] + [sense.get("cs") or ""]
        prose = " ".join(text for text in map(_plain, texts) if text)
        lines.append(f"{entry['entry']} ({sense.get('part_of_speech') or '-'}) {prose}")
    return "\n".join(lines)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", _EDITORIAL.sub("", text)).strip()
