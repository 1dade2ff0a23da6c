"""The feature repository: Feast's own command line applies it, looks segments up, and reads the cluster's settings."""

import shutil
import sys
from pathlib import Path

import pytest

import inkling
from inkling.components.artifacts.corpus import Segment, SourceSummary, write_segments, write_sources
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.shared.store.manifest import Manifest, Provenance

REPOSITORY = Path(inkling.__file__).parent / "manifests" / "feast"
CODE = "def area(self, width):\n    if width == 0:\n        return None\n    return self.height * width\n"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Labels of two segments."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for source, text in (("code", CODE), ("law", "whereas the parties agree\n")):
        write_segments(corpus, source, [Segment(source, "a", 0, text, len(text.split()), "MIT", "train")])
    summary = SourceSummary("real", "text", 4, 1, 0, 1, ["MIT"], {})
    write_sources(corpus, {"code": summary, "law": summary})
    Manifest.describe(corpus, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(corpus)
    return build_labels(LabelConfig(), corpus, tmp_path / "labels").path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository, so that its stores lie in the test's folder."""
    monkeypatch.delitem(sys.modules, "repository", raising=False)
    return Path(shutil.copytree(REPOSITORY, tmp_path / "manifests" / "feast"))


def test_feast_applies_the_repository_and_looks_segments_up(
    labels: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner
    from feast import FeatureStore
    from feast.cli.cli import cli

    monkeypatch.setenv("INKLING_LABELS", str(labels))
    for command in (["apply"], ["materialize", "2025-12-31T00:00:00", "2026-01-02T00:00:00"]):
        result = CliRunner().invoke(cli, ["--chdir", str(repository), *command])
        assert result.exit_code == 0, result.output
    assert (repository / "data/registry.db").exists()
    store = FeatureStore(repo_path=str(repository))
    assert sorted(view.name for view in store.list_feature_views()) == ["labels", "statistics"]
    found = store.get_online_features(
        features=["labels:code", "labels:concept", "labels:labeller", "statistics:source", "statistics:words"],
        entity_rows=[{"segment_id": "code/a#0"}, {"segment_id": "law/a#0"}, {"segment_id": "law/b#0"}],
    ).to_dict()
    assert found["code"] == [True, False, None]
    assert found["concept"] == [False, False, None]
    assert found["labeller"] == ["lexicon", "lexicon", None]
    assert found["source"] == ["code", "law", None]
    assert found["words"] == [13, 4, None]


def test_the_repository_asks_for_the_labels(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner
    from feast.cli.cli import cli

    monkeypatch.delenv("INKLING_LABELS", raising=False)
    result = CliRunner().invoke(cli, ["--chdir", str(repository), "apply"])
    assert result.exit_code != 0
    assert "set INKLING_LABELS" in str(result.exception) + result.output


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("*.yaml")), ids=lambda path: path.stem)
def test_feast_reads_the_settings_of_every_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from feast.repo_config import load_repo_config

    for name in ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_HOST", "REDIS_HOST", "REDIS_PASSWORD"):
        monkeypatch.setenv(f"FEAST_{name}", name.lower())
    config = load_repo_config(path.parent, path)
    online = {"feature_store": "sqlite", "cluster": "redis"}
    assert (config.offline_store.type, config.online_store.type) == ("dask", online[path.stem])
    assert "$" not in repr(config.registry) + repr(config.online_store)
