"""`inkling evaluate` from the command line: a bundle and a model on suites of one's own, and what is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.questions import Questions
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.pipelines.cli import app
from inkling.tests.components import conftest as components

served = components.served  # a fixture

SUITE = """
name: {name}
version: 1
title: {name} of pictures
licence: CC0
source: drawn
data: rows.parquet
columns: {{question: question, image: image, choices: choices, answer: answer, answer_as: text, category: category}}
headline: {{mean: questions, label: accuracy}}
"""


@pytest.fixture
def suites(served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two suites, one of them over the questions of the served model, and an empty home."""
    monkeypatch.setenv("INKLING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INKLING_STORE", "")
    questions = Questions.open(served.questions)
    pictures = questions.images()
    rows = [
        {"question": one.question, "image": pictures[one.image_id], "choices": one.choices, "answer": one.answer,
         "category": one.category}
        for one in questions.questions()
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    for name in ("mine", "other"):
        (tmp_path / f"{name}.yaml").write_text(SUITE.format(name=name))
    return tmp_path


@pytest.fixture
def evaluate(suites: Path) -> Callable[..., Result]:
    """Runs the command."""

    def call(model: Path | str, *options: str) -> Result:
        return CliRunner().invoke(app, ["evaluate", str(model), "--output", str(suites / "out"), *options])

    return call


def test_a_bundle_on_two_suites_in_four_views(
    served: Any,
    suites: Path,
    evaluate: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, other = str(suites / "mine.yaml"), str(suites / "other.yaml")
    views = "visual,blind,mismatched,blank"
    first = evaluate(served.bundle, "--suite", mine, "--views", views, "--set", "threads=1")
    assert first.exit_code == 0, first.exception
    asked: list[int] = []
    score = OnnxEngine.score
    monkeypatch.setattr(OnnxEngine, "score", lambda self, *given: asked.append(len(given[0])) or score(self, *given))
    again = evaluate(served.bundle, "--suite", mine, "--views", views, "--set", "threads=1")
    assert again.exit_code == 0 and asked == [], "a repeat costs nothing"
    both = evaluate(served.bundle, "--suite", mine, "--suite", other, "--views", views, "--set", "threads=1")
    assert both.exit_code == 0 and sum(asked) == 1 + 4 * 12, "the other suite alone is asked"
    out = suites / "out"
    answers = Answers.open(out / "answers")
    assert {(one.suite, one.view) for one in answers.answers()} == {
        (suite, view) for suite in ("mine", "other") for view in views.split(",")
    }
    samples = [json.loads(line) for line in (out / "samples_mine_blank.jsonl").read_text().splitlines()]
    assert all(one["arguments"][0].startswith("<|bos|>Question: ") for one in samples) and len(samples) == 12
    assert {image for one in samples for image in one["input_media"]} == {"(blank)"}
    means = json.loads((out / "scores.json").read_text())["suites"]["mine"]["splits"]["test"]["mean"]
    assert list(means["views"]) == views.split(",") and means["views"]["blank"]["low"] is not None
    names = {path.name for path in out.iterdir()}
    assert names >= {"samples_mine_blank.jsonl", "samples_other.jsonl", "results.json", "results.md", "answers.html"}
    page = (out / "scores.html").read_text()
    for words in ("Smallest difference", "McNemar", "Vision-indispensable", "ECE, calibrated", "Visual - blank"):
        assert words in page
    assert f'<td class="number">{100 * means["views"]["blank"]["value"]:.1f} [' in page
    head, row = both.stdout.split("suite ")[-1].splitlines()[:2]
    assert head.split() == ["questions", "chance", *views.split(","), "visual", "-", "blind", "p"]
    assert row.startswith("mine ") and "[" in row


def test_a_model_in_torch_answers_as_its_bundle(
    served: Any,
    suites: Path,
    evaluate: Callable[..., Result],
) -> None:
    found = []
    options = ("--suite", str(suites / "mine.yaml"), "--views", "visual,blank", "--set", "threads=1")
    for model, more in ((served.bundle, ()), (served.multimodal_model, ("--encoder", str(served.features)))):
        result = evaluate(model, *options, *more)
        assert result.exit_code == 0, result.exception
        found.append({(one.view, one.question_id): one for one in Answers.open(suites / "out" / "answers").answers()})
    onnx, torch = found
    assert onnx.keys() == torch.keys() and len(onnx) == 24
    for key, one in onnx.items():
        assert one.choice == torch[key].choice
        assert one.log_likelihoods == pytest.approx(torch[key].log_likelihoods, abs=1e-4)


def test_one_question_alone(served: Any, suites: Path, evaluate: Callable[..., Result]) -> None:
    mine = str(suites / "mine.yaml")
    near = evaluate(served.bundle, "--suite", mine, "--question", "nothing")
    name = str(near.exception).split("'")[-2]
    result = evaluate(served.bundle, "--suite", mine, "--question", name, "--views", "visual,blank")
    assert result.exit_code == 0, result.exception
    for text in (f"question  {name} of suite 'mine'", "<|bos|>Question: What colour", "224 x 224 pixels", "nats"):
        assert text in result.stdout
    assert not (suites / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--suite", "scnes"), "unknown suite 'scnes'. Did you mean 'scenes'?"),
        (("--suite", "MINE", "--suite", "MINE"), "two suites have one name: mine, mine"),
        (("--suite", "mmbench"), "suite 'mmbench': there is no file"),
        (("--suite", "scenes"), "suite 'scenes' asks about scenes that a run has rendered"),
        (("--suite", "MINE", "--views", "visual,sideways"), "unknown view 'sideways'"),
        (("--suite", "MINE", "--views", "visual,visual"), "a view is named twice"),
        (("--suite", "MINE", "--method", "guess"), "unknown method 'guess'"),
        (("--suite", "MINE", "--set", "pretrain.batch=1"), "unknown setting's place 'pretrain'"),
        (("--suite", "MINE", "--set", "evaluate.batch_size=0"), "evaluate.batch_size"),
        (("--suite", "MINE", "--set", "evaluate.processes=2"), "is asked by one process: leave them at 1"),
    ],
)
def test_bad_input_is_refused_by_name_before_work(
    served: Any,
    suites: Path,
    evaluate: Callable[..., Result],
    options: tuple[str, ...],
    words: str,
) -> None:
    result = evaluate(served.bundle, *[one.replace("MINE", str(suites / "mine.yaml")) for one in options])
    assert words in str(result.exception)
    assert not (suites / "out").exists() and not (suites / "home" / "store").exists()


def test_what_is_no_model_is_refused_by_name(
    served: Any,
    suites: Path,
    evaluate: Callable[..., Result],
) -> None:
    mine = ("--suite", str(suites / "mine.yaml"))
    shutil.copytree(served.multimodal_model, suites / "a" / "moved")
    for model, words in (
        (suites / "nowhere", "is neither a directory that is there nor a URL"),
        (suites, "is no finished run"),
        (served.questions, "holds a Questions"),
        (served.multimodal_model.parent / "language_model", "is no finished run"),
    ):
        assert words in str(evaluate(model, *mine).exception)
    other = evaluate(served.multimodal_model, *mine, "--encoder", str(served.questions))
    assert "expected a Features" in str(other.exception)
    assert "name them with --encoder" in str(evaluate(suites / "a" / "moved", *mine).exception)
