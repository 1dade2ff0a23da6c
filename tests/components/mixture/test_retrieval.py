"""Labels as of a day, by Feast itself: what was judged later changes no earlier mixture."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from inkling.components.artifacts import labels as layout
from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import LABELS, Flags, Labels
from inkling.components.artifacts.tokens import Tokens
from inkling.components.label import build as label_stage
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.label.labellers import LABELLERS
from inkling.components.mixture import cells, retrieval
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.retrieval import retrieve
from inkling.components.shared.config import ConfigError

JANUARY, MARCH = "2026-01-01", "2026-03-01"


def judge(remainder: int) -> type:
    """A labeller that calls a text math if its length leaves a remainder."""

    class Judge:
        def __call__(self, texts: Sequence[str]) -> Flags:
            flags = np.zeros((len(texts), len(LABELS)), np.bool_)
            flags[:, LABELS.index("math")] = [len(text) % 3 == remainder for text in texts]
            return flags

    return Judge


@pytest.fixture(autouse=True)
def small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions of 50 segments; the corpus is written in these too."""
    for module in (layout, label_stage):
        monkeypatch.setattr(module, "PARTITION", 50)
        monkeypatch.setattr(module, "BATCHES", 1, raising=False)
    monkeypatch.setattr(layout, "BATCH", 50)
    monkeypatch.setattr("inkling.components.artifacts.corpus.BATCH", 50)


@pytest.fixture
def history(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Labels, Labels]:
    """Labels of January, and the same with March's behind them."""
    monkeypatch.setattr(cells, "SMALLEST", 100)
    monkeypatch.setitem(LABELLERS, "lexicon", judge(0))
    first = build_labels(LabelConfig.parse(f"label: {{date: {JANUARY}}}"), corpus.path, tmp_path / "first")
    monkeypatch.setitem(LABELLERS, "lexicon", judge(1))
    config = LabelConfig.parse(f"label: {{date: {MARCH}}}")
    return first, build_labels(config, corpus.path, tmp_path / "second", first.path)


def mixture(corpus: Corpus, labels: Labels, path: Path, day: str | None) -> Tokens:
    settings = {"recipe": {"labels": {"math": 0.5}}, "vocabulary": 320, "token_budget": 10_000, "as_of": day}
    return build_mixture(MixtureConfig.model_validate(settings), corpus.path, path, labels.path)


def test_an_earlier_day_gives_the_same_digests_after_new_labels_were_added(
    corpus: Corpus, history: tuple[Labels, Labels], tmp_path: Path
) -> None:
    first, second = history
    before = mixture(corpus, first, tmp_path / "before", None)
    rebuilt = mixture(corpus, second, tmp_path / "rebuilt", "2026-02-28")
    now = mixture(corpus, second, tmp_path / "now", None)
    assert rebuilt.manifest.files == before.manifest.files
    assert rebuilt.digest == before.digest
    assert rebuilt.manifest.provenance.inputs["labels"] == second.digest != first.digest
    assert now.digest != before.digest
    assert mixture(corpus, second, tmp_path / "march", MARCH).digest == now.digest


def test_feast_finds_what_was_written_in_the_batches_of_the_corpus(
    corpus: Corpus, history: tuple[Labels, Labels], tmp_path: Path
) -> None:
    first, second = history
    january, march = (retrieve(second, day, tmp_path / str(day)) for day in (date(2026, 1, 1), None))
    assert [version.date for version in january.versions()] == [date(2026, 1, 1)]
    for source in corpus.sources():
        assert len(second.partitions(source)) == 3
        sizes = [len(batch.documents) for batch in january.batches(source)]
        assert sizes == [len(batch) for batch in corpus.batches(source)] == [50, 50, 20]
        for written, retrieved in ((first, january), (second, march)):
            expected, found = written.of(source), retrieved.of(source)
            assert (found.documents, found.segments) == (expected.documents, expected.segments)
            assert (found.flags == expected.flags).all()
        assert (first.of(source).flags != second.of(source).flags).any()


def test_a_killed_retrieval_goes_on(
    history: tuple[Labels, Labels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = retrieve(history[1], None, tmp_path / "whole")
    asked: list[Path] = []
    look_up = retrieval._look_up

    def killed(registry: Path, path: Path, first: date, day: date) -> pa.Table:
        if len(asked) == 4:
            asked.append(path)
            raise KeyboardInterrupt
        asked.append(path)
        return look_up(registry, path, first, day)

    monkeypatch.setattr(retrieval, "_look_up", killed)
    with pytest.raises(KeyboardInterrupt):
        retrieve(history[1], None, tmp_path / "resumed")
    resumed = retrieve(history[1], None, tmp_path / "resumed")
    assert len(asked) == 7
    for source in whole.shares():
        assert (resumed.of(source).flags == whole.of(source).flags).all()


def test_labels_are_found_by_a_relative_path(
    history: tuple[Labels, Labels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = retrieve(Labels.open("first"), None, Path("retrieved"))
    assert (found.of("code").flags == history[0].of("code").flags).all()


def test_a_day_before_the_first_labels_is_refused_before_any_work(
    corpus: Corpus, history: tuple[Labels, Labels], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"as_of is 2025-12-31, before the first labels, which are of 2026-01-01"):
        mixture(corpus, history[1], tmp_path / "tokens", "2025-12-31")
    assert not (tmp_path / "tokens").exists()


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "20260101", "0"])
def test_what_is_no_day_is_refused(day: str) -> None:
    with pytest.raises(ConfigError, match=r"mixture\.as_of|not valid YAML"):
        MixtureConfig.parse(f"mixture: {{as_of: {day}}}")


def test_a_recipe_by_source_never_imports_feast(corpus: Corpus, history: tuple[Labels, Labels], tmp_path: Path) -> None:
    program = f"""
import sys
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
profile = "mixture: {{recipe: {{code: 1.0}}, vocabulary: 320, token_budget: 10_000, as_of: {JANUARY}}}"
build_mixture(MixtureConfig.parse(profile), {str(corpus.path)!r}, "tokens", {str(history[1].path)!r})
sys.exit(bool({{"feast", "dask", "pandas"}} & set(sys.modules)))
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
