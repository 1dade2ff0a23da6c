"""Scripture: a Python module with the whole text as one string and the start of each verse; parsed, never run."""

import ast
import re
from collections.abc import Iterator
from itertools import groupby, pairwise

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import ReadError, single, text_of
from inkling.components.shared.storage.archives import Archive

_NUMBER = re.compile(r"^\s*\d+\.\s*")
_HEADING = re.compile(r"\s{5,}.*", re.DOTALL)
_LINE = re.compile(r"\s{2,}")


def read_bible(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per chapter: its verses, without their numbers; a line of verse is a line.

    A verse key is book x 1,000,000 + chapter x 1,000 + verse.
    """
    name = single(archive, "*/plain_text_bible.py")
    text, starts = _arguments(ast.parse(text_of(archive, name)), name)
    spans = pairwise([*sorted(starts.items()), (0, len(text))])
    verses = [(key, text[start:end]) for (key, start), (_, end) in spans]
    chapters = {str(chapter): list(group) for chapter, group in groupby(verses, lambda verse: verse[0] // 1000)}
    for chapter in order(chapters):
        yield Document(chapter, " ".join(_plain(verse) for _, verse in chapters[chapter]))


def _arguments(module: ast.Module, name: str) -> tuple[str, dict[int, int]]:
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.value.args) > 2:
            _, text, starts = node.value.args[:3]
            return ast.literal_eval(text), ast.literal_eval(starts)
    raise ReadError(f"{name} does not assign a text with the starts of its verses")


def _plain(verse: str) -> str:
    bare = _HEADING.sub("", _NUMBER.sub("", verse))
    return _LINE.sub("\n", bare.strip()).replace("`", "'")
