"""Readers: one file per idea of how text lies in a package."""

from inkling.components.corpus.document import Reader, SelectiveReader
from inkling.components.corpus.readers.bible import read_bible
from inkling.components.corpus.readers.brown import read_brown
from inkling.components.corpus.readers.chapters import read_chapters
from inkling.components.corpus.readers.diagnoses import read_diagnoses
from inkling.components.corpus.readers.dialogues import read_dialogues
from inkling.components.corpus.readers.dictionary import read_dictionary
from inkling.components.corpus.readers.factbook import read_factbook
from inkling.components.corpus.readers.fortunes import read_fortunes
from inkling.components.corpus.readers.licences import read_licences
from inkling.components.corpus.readers.novels import read_novels
from inkling.components.corpus.readers.phenotypes import read_phenotypes
from inkling.components.corpus.readers.python import read_code, read_docstrings
from inkling.components.corpus.readers.recipes import read_recipes
from inkling.components.corpus.readers.summaries import read_summaries
from inkling.components.corpus.readers.webpages import read_webpages
from inkling.components.corpus.readers.wordnet import read_wordnet

SELECTIVE: dict[str, SelectiveReader] = {
    "brown": read_brown,
    "dictionary": read_dictionary,
    "factbook": read_factbook,
    "summaries": read_summaries,
    "wordnet": read_wordnet,
}
READERS: dict[str, Reader] = {
    "bible": read_bible,
    "brown": read_brown,
    "chapters": read_chapters,
    "code": read_code,
    "diagnoses": read_diagnoses,
    "dialogues": read_dialogues,
    "dictionary": read_dictionary,
    "docstrings": read_docstrings,
    "factbook": read_factbook,
    "fortunes": read_fortunes,
    "licences": read_licences,
    "novels": read_novels,
    "phenotypes": read_phenotypes,
    "recipes": read_recipes,
    "summaries": read_summaries,
    "webpages": read_webpages,
    "wordnet": read_wordnet,
}
