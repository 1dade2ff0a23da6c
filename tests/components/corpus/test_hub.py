"""Data sets of the hub: nothing without a commit; a local directory of the same schema is read without a network."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from inkling.components.artifacts.corpus import SOURCE_NAMES, Corpus
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.catalogue import HubSource, read_catalogues
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.hub import documents_of_shard, shards_of
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.provenance import provenance

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue with one source: a directory of three Parquet shards, as the hub lays them out."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "data"
    data.mkdir()
    for shard in range(3):
        texts: list[str | None] = [f"Row {row} of shard {shard} says {row * 31 + shard}." for row in range(40)]
        table = pa.table({"text": [*texts, "", None], "url": ["x"] * 42})
        pq.write_table(table, data / f"train-0000{shard}-of-00003.parquet")
    entry = {"quality": "real", "description": "rows", "licence": "CC0", "dataset": str(data), "revision": COMMIT}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"rows": entry}))
    return tmp_path / "mine.yaml"


def parse(catalogue: Path, **settings: Any) -> CorpusConfig:
    known = {"catalogue": str(catalogue), "segment_words": 16, "heldout": 0.3, "words_per_source": 5_000}
    return CorpusConfig.parse({"corpus": {**known, **settings}})


def test_the_shipped_catalogue_has_the_sixteen_sources() -> None:
    entries = read_catalogues(["hub"])
    assert tuple(entries) == SOURCE_NAMES
    for name, entry in entries.items():
        assert isinstance(entry, HubSource)
        assert entry.revision and entry.licence and entry.attribution, name
        assert ("in place of" in entry.description) == (entry.quality == "proxy")


def test_nothing_is_fetched_without_a_commit(catalogue: Path) -> None:
    stated = yaml.safe_load(catalogue.read_text())
    del stated["rows"]["revision"]
    catalogue.write_text(yaml.safe_dump(stated))
    with pytest.raises(ConfigError, match=r"has no pinned revision.* --set corpus\.hub_revisions\.rows=COMMIT"):
        parse(catalogue)
    with pytest.raises(ConfigError, match="is pinned to 'main', which is no commit"):
        parse(catalogue, hub_revisions={"rows": "main"})
    entry = parse(catalogue, hub_revisions={"rows": COMMIT}).chosen["rows"]
    assert isinstance(entry, HubSource) and entry.revision == COMMIT


def test_the_default_sources_of_the_hub_are_pinned_and_the_commit_is_part_of_the_key() -> None:
    config = CorpusConfig.parse({"corpus": {"catalogue": "hub"}})
    assert len(config.sources) == 6
    other = CorpusConfig.parse({"corpus": {"catalogue": "hub", "hub_revisions": {"math": COMMIT}}})
    assert provenance(config, {}).key != provenance(other, {}).key


def test_shards_are_units_and_each_is_read_once(catalogue: Path, tmp_path: Path) -> None:
    entry = parse(catalogue).chosen["rows"]
    assert isinstance(entry, HubSource)
    assert sorted(shards_of(entry, 0)) == [0, 1, 2]
    skipped: Counter[str] = Counter()
    texts = [document.text for shard in range(3) for document in documents_of_shard(entry, shard, skipped)]
    assert len(set(texts)) == len(texts) == 120
    assert skipped == {"empty": 3, "without the field": 3}


def test_a_corpus_of_a_data_set(catalogue: Path, tmp_path: Path) -> None:
    corpus: Corpus = build_corpus(parse(catalogue), tmp_path / "out" / "corpus")
    summary = corpus.sources()["rows"]
    assert summary.documents == 120
    assert summary.skipped == {"empty": 3, "without the field": 3}
    assert list(summary.packages.values()) == [COMMIT]
    assert f"at {COMMIT} (CC0)" in (corpus.path / "ATTRIBUTION.md").read_text()


def test_a_column_that_is_not_there_is_refused(catalogue: Path) -> None:
    entry = parse(catalogue).chosen["rows"].model_copy(update={"field": "body"})
    with pytest.raises(ConfigError, match="unknown column 'body'.*Valid: text, url"):
        shards_of(entry, 0)  # type: ignore[arg-type]


def test_a_data_set_that_cannot_be_had_is_named(catalogue: Path, tmp_path: Path) -> None:
    entry = parse(catalogue).chosen["rows"].model_copy(update={"dataset": str(tmp_path / "none")})
    with pytest.raises(ConfigError, match=f"data set .*none at {COMMIT} cannot be had"):
        shards_of(entry, 0)  # type: ignore[arg-type]
