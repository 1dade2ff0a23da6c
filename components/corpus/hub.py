"""Data sets of the Hugging Face hub: pinned by commit, streamed a shard at a time, never stored whole."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from inkling.components.corpus.catalogue import HubSource
from inkling.components.corpus.document import Document, unit_hash
from inkling.components.corpus.lines import text_of
from inkling.components.shared.config import ConfigError, unknown


def shards_of(source: HubSource, seed: int) -> list[int]:
    """Numbers of a data set's shards, which its commit fixes, in a seeded order that looks random.

    Raises:
        ConfigError: If the data set cannot be had or has no such column.
    """
    data = _open(source)
    if data.features and source.field not in data.features:
        raise ConfigError(f"data set {source.dataset}: {unknown('column', source.field, data.features)}")
    return sorted(range(data.num_shards), key=lambda shard: unit_hash(seed, "order", f"{source.dataset}#{shard}"))


def documents_of_shard(source: HubSource, shard: int, skipped: Counter[str]) -> Iterator[Document]:
    """Yields the documents of a shard, each named by its data set and its place in it.

    Args:
        source: The source.
        shard: Number of the shard.
        skipped: Counts rows without text, by reason.
    """
    data = _open(source)
    for number, row in enumerate(data.shard(data.num_shards, shard)):
        if text := text_of(row.get(source.field), skipped):
            yield Document(f"{source.dataset}:{shard}.{number}", text)


def _open(source: HubSource) -> Any:
    from datasets import load_dataset

    try:
        data = load_dataset(source.dataset, source.config, split=source.split, revision=source.revision, streaming=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"data set {source.dataset} at {source.revision} cannot be had: {error}\nCheck the network and the "
            "entry of the catalogue, or point a catalogue of your own at files"
        ) from None
    return data.select_columns([source.field]) if data.features and source.field in data.features else data
