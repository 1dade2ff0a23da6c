"""Short dialogues: one YAML file per subject, a list of exchanges."""

from collections.abc import Iterator

import yaml

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import matching, text_of
from inkling.components.shared.storage.archives import Archive

PAGE = 10


def read_dialogues(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields pages of `PAGE` neighbouring exchanges of a subject, without repeated ones: a line per utterance."""
    pages: dict[str, list[str]] = {}
    for name in matching(archive, "*/data/english/*.yml"):
        exchanges = yaml.load(text_of(archive, name), Loader=yaml.CSafeLoader)["conversations"]
        texts = list(dict.fromkeys("\n".join(map(str, exchange)) for exchange in exchanges))
        pages |= {f"{name}#{start}": texts[start : start + PAGE] for start in range(0, len(texts), PAGE)}
    for key in order(pages):
        yield Document(key, "\n\n".join(pages[key]))
