"""Pages of HTML: their text, a paragraph a line, without what is not meant to be read."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

_BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "li", "div", "br", "blockquote", "tr"}
_UNREAD = {"head", "script", "style"}
_SPACE = re.compile(r"[^\S\n]+")
_BLANK = re.compile(r"\s*\n\s*")


def read_webpages(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per page."""
    for name in order(matching(archive, "*.html")):
        page = _Page()
        page.feed(text_of(archive, name))
        page.close()
        if text := _BLANK.sub("\n", _SPACE.sub(" ", "".join(page.texts))).strip():
            yield Document(name, text)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._unread += tag in _UNREAD
        if tag in _BLOCKS:
            self.texts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in _UNREAD
        if tag in _BLOCKS:
            self.texts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.texts.append(data.replace("\n", " "))
