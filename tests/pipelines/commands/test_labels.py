"""`inkling labels`: shares, a sheet for a person and audits, on a small corpus."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import LABELS
from inkling.components.label import labellers
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.pipelines.cli import app
from inkling.pipelines.commands import describe

CODE = "def area(self, width):\n    if width == 0:\n        return None\n    return self.height * width\n"
PROSE = "The king rode his horse to the river, where a woman sat with her child and a dog beside a fig tree.\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose corpus is six documents of code and six of prose."""

    def build(config: object, output: Path, questions: Path) -> Corpus:
        output.mkdir(parents=True, exist_ok=True)
        for source, text in {"code": CODE, "literature": PROSE}.items():
            segments = [Segment(source, f"{i}", 0, f"{text}{i}", 20, "MIT", "train") for i in range(6)]
            write_segments(output, source, segments)
        summary = SourceSummary("real", "text", 120, 6, 0, 6, ["MIT"], {})
        write_sources(output, {"code": summary, "literature": summary})
        Manifest.describe(output, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(output)
        return Corpus.open(output)

    monkeypatch.setattr(describe, "build_questions", lambda config, output: SimpleNamespace(path=output))
    monkeypatch.setattr(describe, "build_corpus", build)
    monkeypatch.setenv("INKLING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INKLING_STORE", "")
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["labels", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def figures(path: Path) -> dict[str, dict[str, object]]:
    return {row["label"]: row for row in json.loads(path.read_text())["labels"]}


def test_shares_are_shown_beside_the_papers() -> None:
    text = run("describe")
    assert "100.0 / 96.7" in text
    assert "medicine" not in text


def test_two_labellers_are_compared(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lexicon = labellers.LABELLERS["lexicon"]()

    def contrary(texts: list[str]) -> np.ndarray:
        flags = lexicon(texts).copy()
        flags[:, LABELS.index("concept")] ^= True
        return flags

    monkeypatch.setitem(labellers.LABELLERS, "embedding", lambda: contrary)
    text = run("audit", "--against", "embedding", "--count", "4")
    found = figures(home / "labels-audit.json")
    assert found["code"]["kappa"]["value"] == 1
    assert found["concept"]["kappa"]["value"] == -1
    assert found["code"]["first"] == 0.5
    assert "stand for 12" in text.replace("\n", " ")
    assert "concept: only lexicon (4)" in (home / "labels-audit.html").read_text()


def test_a_person_is_compared(home: Path) -> None:
    assert "8 segments in mine.csv" in run("sample", "--output", "mine.csv", "--count", "4")
    with (home / "mine.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update({label: int(label == "code" and "def " in row["text"]) for label in LABELS})
    with (home / "mine.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    run("audit", "--sheet", "mine.csv")
    found = figures(home / "labels-audit.json")
    assert found["code"]["kappa"]["value"] == 1
    assert found["concept"]["agreement"]["value"] == 0.5
    assert found["concept"]["counts"] == [0, 4, 0, 4]
    report = json.loads((home / "labels-audit.json").read_text())
    assert (report["first"], report["second"]) == ("lexicon", "person")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["audit", "--against", "oracle"], "unknown labeller 'oracle'"),
        (["audit", "--against", "lexicon"], "the profile's own labeller"),
        (["audit", "--against", "llm"], "needs the section 'llm'"),
        (["audit", "--sheet", "none.csv"], r"none\.csv\.key\.json is missing"),
        (["sample", "--output", "mine.txt"], "unknown kind of sheet"),
    ],
)
def test_what_cannot_be_done_is_refused_before_work_starts(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(config: object, output: Path) -> Corpus:
        raise AssertionError("work has started")

    monkeypatch.setattr(describe, "build_questions", never)
    with pytest.raises(ValueError, match=words):
        run(*arguments)
