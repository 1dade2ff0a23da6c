"""Lead sections of encyclopedia articles: one JSON mapping of title to article."""

import json
from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order, Wanted, everything
from inkling.components.corpus.readers.archive import single, text_of
from inkling.components.shared.storage.archives import Archive


def read_summaries(archive: Archive, order: Order, wanted: Wanted = everything) -> Iterator[Document]:
    """Yields one document per article of a wanted topic: its title and its lead section."""
    name = single(archive, "*/summaries_en-us.json")
    articles = json.loads(text_of(archive, name))
    for title in order(articles):
        extract = articles[title]["extract"].strip()
        if extract and wanted(articles[title].get("topic", "")):
            yield Document(title, f"{title}\n\n{extract}")
