"""Readers: one file per idea of how text lies in a package; only those that a corpus needs are imported."""

import importlib
from typing import Any

SELECTIVE = ("brown", "dictionary", "factbook", "summaries", "wordnet")
"""Readers that can take some kinds of text only; each is a `SelectiveReader`, the others are a `Reader`."""
_FILES = (
    "bible", "chapters", "diagnoses", "dialogues", "fortunes", "licences", "novels", "phenotypes", "recipes", "webpages"
)  # fmt: skip
READERS = {
    **{name: f"{__name__}.{name}" for name in (*SELECTIVE, *_FILES)},
    **dict.fromkeys(("code", "docstrings"), f"{__name__}.python"),
}
"""The module of each reader, by the reader's name."""


def load_reader(name: str) -> Any:
    """The function `read_NAME` of a reader's module."""
    return getattr(importlib.import_module(READERS[name]), f"read_{name}")
