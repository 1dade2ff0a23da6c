"""Readers: one file per idea of how text lies in a package."""

from inkling.components.corpus.document import Reader, SelectiveReader
from inkling.components.corpus.readers.bible import read_bible
from inkling.components.corpus.readers.diagnoses import read_diagnoses
from inkling.components.corpus.readers.dialogues import read_dialogues
from inkling.components.corpus.readers.dictionary import read_dictionary
from inkling.components.corpus.readers.factbook import read_factbook
from inkling.components.corpus.readers.licences import read_licences
from inkling.components.corpus.readers.phenotypes import read_phenotypes
from inkling.components.corpus.readers.python import read_code, read_docstrings
from inkling.components.corpus.readers.recipes import read_recipes
from inkling.components.corpus.readers.summaries import read_summaries

SELECTIVE: dict[str, SelectiveReader] = {
    "dictionary": read_dictionary,
    "factbook": read_factbook,
    "summaries": read_summaries,
}
READERS: dict[str, Reader] = {
    "bible": read_bible,
    "code": read_code,
    "diagnoses": read_diagnoses,
    "dialogues": read_dialogues,
    "dictionary": read_dictionary,
    "docstrings": read_docstrings,
    "factbook": read_factbook,
    "licences": read_licences,
    "phenotypes": read_phenotypes,
    "recipes": read_recipes,
    "summaries": read_summaries,
}
