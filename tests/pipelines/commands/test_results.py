"""A run's answers are written from its directory; what it lacks is said."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.pipelines.cli import app

NOBODY = Provenance("test", "key", "code", {}, {}, {})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run of two questions."""
    for name in ("answers", "questions", "run"):
        (tmp_path / name).mkdir()
    asked = [
        Question(f"q{number}", "i", "i", "Which?", ["red", "blue"], "red", "General", "colour", "none", "test")
        for number in range(2)
    ]
    given = [
        Answer(f"q{number}", view, (-1.0, -2.0), 0, True, "i", "General", "colour", "none", 0.5, "test", order=(0, 1))
        for view in ("visual", "blind")
        for number in range(2)
    ]
    write_questions(tmp_path / "questions", [("i", b"")], asked)
    write_answers(tmp_path / "answers", given, {})
    for kind, name in ((Answers, "answers"), (Questions, "questions")):
        Manifest.describe(tmp_path / name, kind.type, kind.schema, NOBODY).write(tmp_path / name)
    outputs = {"evaluate": {"answers": str(tmp_path / "answers")}, "scenes": {"questions": str(tmp_path / "questions")}}
    (tmp_path / "run" / "run.json").write_text(json.dumps({"outputs": outputs, "seconds": {}}))
    return tmp_path / "run"


def test_a_run_has_samples_a_table_and_a_page(run: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["results", "--run", str(run), "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.exception
    assert "scenes" in result.stdout and "acc" in result.stdout
    first = json.loads((tmp_path / "out" / "samples_scenes.jsonl").read_text().splitlines()[0])
    assert first["arguments"][:2] == ["<|bos|>Question: Which? Answer:", " red<|eos|>"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"samples_scenes.jsonl", "samples_scenes_blind.jsonl", "results.json", "results.md", "answers.html"}


def test_no_run_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["results", "--run", str(tmp_path / "none")])
    assert "no finished run at" in str(result.exception)
