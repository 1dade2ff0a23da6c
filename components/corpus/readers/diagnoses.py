"""The classification of diseases: an XML tree of chapters, sections and diagnoses with their notes."""

from collections.abc import Iterator
from xml.etree import ElementTree

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import single, text_of
from inkling.components.shared.storage.archives import Archive


def read_diagnoses(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per category of disease: a line for each of its diagnoses and of their notes."""
    text = text_of(archive, single(archive, "*/icd10c-tabular*.xml"))
    tree = ElementTree.fromstring(text)  # noqa: S314 (the wheel is pinned by its digest)
    categories = {diagnosis.findtext("name", ""): diagnosis for diagnosis in tree.iterfind("chapter/section/diag")}
    for code in order(categories):
        yield Document(code, "\n".join(_lines(categories[code])))


def _lines(diagnosis: ElementTree.Element) -> Iterator[str]:
    yield f"{diagnosis.findtext('name')} {diagnosis.findtext('desc')}"
    for child in diagnosis:
        if child.tag == "diag":
            yield from _lines(child)
        else:
            yield from (f"- {note.text}" for note in child.iterfind("note"))
