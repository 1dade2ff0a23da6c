"""Fortunes: files by subject, sayings parted by lines with a percent sign."""

from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

PAGE = 20
_LEFT_OUT = (".dat", ".u8", "/ascii-art", "/disclaimer")


def read_fortunes(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields pages of `PAGE` neighbouring sayings of a subject."""
    pages: dict[str, list[str]] = {}
    for name in matching(archive, "*/fortunes/*"):
        if not name.endswith(_LEFT_OUT):
            sayings = [text for saying in text_of(archive, name).split("\n%\n") if (text := saying.strip("%\n "))]
            pages |= {f"{name}#{start}": sayings[start : start + PAGE] for start in range(0, len(sayings), PAGE)}
    for key in order(pages):
        yield Document(key, "\n\n".join(pages[key]))
