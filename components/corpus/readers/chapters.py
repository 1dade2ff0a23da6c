"""Texts as JSON files, each with its text under `text` and its title, if it has one, under `title`."""

import json
from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive


def read_chapters(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per file that holds a text."""
    for name in order(matching(archive, "*/data/*.json")):
        entry = json.loads(text_of(archive, name))
        text = entry.get("text", "").strip() if isinstance(entry, dict) else ""
        if text:
            title = entry.get("title")
            yield Document(name, f"{title}\n\n{text}" if title else text)
