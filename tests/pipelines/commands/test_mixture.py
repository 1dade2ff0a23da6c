"""The commands that label a corpus again and rebuild a mixture, one after the other as a user runs them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import Labels
from inkling.components.mixture import cells
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.pipelines.cli import app

TEXTS = {"code": "def area(self):\n    return self.height * self.width\n", "law": "whereas the parties agree to it\n"}
SETTINGS = ["--set", "mixture={recipe: {labels: {code: 0.5}}, vocabulary: 300, repetition_limit: 100000}"]


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cells, "SMALLEST", 10)
    monkeypatch.setenv("INKLING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INKLING_STORE", "")
    path = tmp_path / "corpus"
    path.mkdir()
    for source, text in TEXTS.items():
        splits = ["heldout"] + 39 * ["train"]
        write_segments(path, source, [Segment(source, f"{i}", 0, text, 20, "MIT", s) for i, s in enumerate(splits)])
    write_sources(path, dict.fromkeys(TEXTS, SourceSummary("real", "text", 800, 40, 1, 40, ["MIT"], {})))
    Manifest.describe(path, Corpus.type, Corpus.schema, Provenance("corpus", "", "", {}, {}, {})).write(path)
    return path


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["mixture", *map(str, arguments)])
    if result.exception:
        raise result.exception
    return result.output


def test_a_mixture_is_rebuilt_after_its_corpus_was_labelled_again(corpus: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "labels" / "old", tmp_path / "labels" / "new"
    run("label", corpus, "--output", old)
    run("label", corpus, "--earlier", old, "--set", "label.date=2026-06-01", "--output", new)
    assert len(Labels.open(new).versions()) == 2
    before = run("build", corpus, "--labels", old, *SETTINGS, "--output", tmp_path / "before")
    rebuilt = run(
        "build", corpus, "--labels", new, *SETTINGS, "--set", "mixture.as_of=2026-05-31", "--output", tmp_path / "after"
    )
    digests = [re.findall("[0-9a-f]{64}", output) for output in (before, rebuilt)]
    assert len(digests[0]) == 1 and digests[0] == digests[1]


def test_a_day_that_is_none_is_reported_in_words(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"label\.date: .*day value is outside expected range \(got '2026-02-30'\)"):
        run("label", corpus, "--set", "label.date=2026-02-30", "--output", tmp_path / "labels")
