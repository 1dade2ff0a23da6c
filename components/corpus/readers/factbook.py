"""Profiles of countries: one JSON file each, sections and fields nested, texts with a little HTML."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from inkling.components.corpus.document import Document, Order, Wanted, everything
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

_LINE_BREAK = re.compile(r"<(?:br|/p)[^>]*>")
_TAG = re.compile(r"<[^>]+>")
_BLANK = re.compile(r"\s*\n\s*")


def read_factbook(archive: Archive, order: Order, wanted: Wanted = everything) -> Iterator[Document]:
    """Yields one document per country: its wanted sections, and in them a line per field."""
    for country in order(matching(archive, "*/data/*.json")):
        profile = json.loads(text_of(archive, country))
        sections = ["\n".join([name, *_lines(fields, "")]) for name, fields in profile.items() if wanted(name)]
        if sections:
            yield Document(country, "\n\n".join(sections))


def _lines(fields: dict[str, Any], place: str) -> Iterator[str]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _lines(value, f"{place}, {name.strip()}" if place else name.strip())
        elif text := _plain(str(value)):
            yield f"{place}: {text}"


def _plain(text: str) -> str:
    bare = _TAG.sub("", _LINE_BREAK.sub("\n", text))
    return _BLANK.sub("\n", html.unescape(bare)).strip()
