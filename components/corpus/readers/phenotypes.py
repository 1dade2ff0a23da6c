"""Definitions of clinical findings: an ontology in the OBO format, a stanza per term."""

import re
from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import single, text_of
from inkling.components.shared.storage.archives import Archive

PAGE = 20
_NAME = re.compile(r"^name: (.+)$", re.MULTILINE)
_DEFINITION = re.compile(r'^def: "((?:[^"\\]|\\.)*)"', re.MULTILINE)
_ESCAPE = re.compile(r"\\(.)")


def read_phenotypes(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields pages of `PAGE` neighbouring terms that are defined, each its name and its definition."""
    stanzas = text_of(archive, single(archive, "*.obo")).split("\n[Term]\n")[1:]
    terms = [f"{name[1]}\n{_plain(definition[1])}" for name, definition in map(_parts, stanzas) if name and definition]
    pages = {str(start): terms[start : start + PAGE] for start in range(0, len(terms), PAGE)}
    for key in order(pages):
        yield Document(key, "\n\n".join(pages[key]))


def _parts(stanza: str) -> tuple[re.Match[str] | None, re.Match[str] | None]:
    obsolete = "\nis_obsolete: true" in stanza
    return _NAME.search(stanza), None if obsolete else _DEFINITION.search(stanza)


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: " " if match[1] == "n" else match[1], text)
