"""Readers: one file per idea of how text lies in a package."""

from inkling.components.corpus.document import Reader
from inkling.components.corpus.readers.bible import read_bible
from inkling.components.corpus.readers.dictionary import read_dictionary
from inkling.components.corpus.readers.factbook import read_factbook
from inkling.components.corpus.readers.python import read_code, read_docstrings
from inkling.components.corpus.readers.recipes import read_recipes
from inkling.components.corpus.readers.summaries import read_summaries

READERS: dict[str, Reader] = {
    "bible": read_bible,
    "code": read_code,
    "dictionary": read_dictionary,
    "docstrings": read_docstrings,
    "factbook": read_factbook,
    "recipes": read_recipes,
    "summaries": read_summaries,
}
