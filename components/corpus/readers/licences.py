"""Legal texts: one file per licence, a YAML header between lines of dashes and the text below it."""

from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

_HEADER_END = "\n---\n"


def read_licences(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per licence in English: its text without the header."""
    for name in order(matching(archive, "*/licenses/*.LICENSE")):
        header, _, text = text_of(archive, name).partition(_HEADER_END)
        if text.strip() and "\nlanguage:" not in header:
            yield Document(name, text.strip())
