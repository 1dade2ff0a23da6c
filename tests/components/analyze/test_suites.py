"""From files of two benchmarks to the report and the model card: a small model is asked them beside the scenes."""

import base64
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from inkling.components.analyze.build import build_analyze
from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.artifacts.answers import ANSWERS, Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.conversations import Conversations, write_conversations
from inkling.components.artifacts.findings import Findings
from inkling.components.artifacts.multimodal_model import TRAINING, MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.artifacts.rehearsal import Rehearsal, write_rehearsal
from inkling.components.encode.build import build_encode
from inkling.components.encode.config import EncodeConfig
from inkling.components.evaluate.build import build_evaluate
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.export.build import build_bundle
from inkling.components.export.config import ExportConfig
from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.store import produce
from inkling.components.suites.build import build_suites
from inkling.components.suites.config import SuitesConfig


class Made(StageConfig):
    """Stands for the stages that make the other inputs."""

    stage = "analyze"


@dataclass(frozen=True)
class Evaluated:
    """What a run of some suites has made."""

    questions: Questions
    answers: Answers
    bundle: Bundle
    findings: Findings


def picture(shade: int) -> bytes:
    """A small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 255 - shade, 120)).save(buffer, "PNG")
    return buffer.getvalue()


def write_mmbench(path: Path) -> None:
    """A table with MMBench's public columns."""
    rows = [
        {
            "index": index, "question": "What colour is the disc?", "hint": "nan", "A": "red", "B": "green",
            "C": "blue" if index % 2 else None, "D": None, "answer": "AB"[index % 2],
            "category": ("image_topic", "image_style")[index % 2], "l2-category": "coarse_perception",
            "image": base64.b64encode(picture(20 * index)).decode(), "split": "dev",
        }
        for index in range(10)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), path)


def write_mine(folder: Path) -> Path:
    """A suite of two- and five-choice questions, and one that is about a single image."""
    names = ["red", "green", "blue", "yellow", "black"]
    rows = [
        {
            "ask": "What colour is the square?",
            "picture": base64.b64encode(picture(11 * index)).decode(),
            "options": names if index % 2 else names[:2],
            "right": names[index % 2],
            "topic": ("pairs", "fives")[index % 2],
        }
        for index in range(12)
    ]
    (folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "one.jsonl").write_text(
        "".join(json.dumps({**row, "picture": rows[0]["picture"]}) + "\n" for row in rows)
    )
    path = folder / "mine.yaml"
    path.write_text("""
name: mine
version: 1
title: My squares
licence: CC0
source: drawn for this test
data: mine.jsonl
columns: {question: ask, image: picture, choices: options, answer: right, answer_as: text, category: topic}
headline: {mean: questions, label: accuracy of squares}
categories: [{name: pairs, description: two colours to choose from}, {name: fives}]
report:
  images: These images are plain colours.
  use: It names colours of squares.
  limits: [It was asked about squares only.]
  untested: [Any shape but squares.]
""")
    return path


def evaluate(root: Path, made_run: Any, served: Any, *read: Any) -> Evaluated:
    """Runs the stages from the suites to the report on a small model."""
    profile = {"suites": {"read": list(read)}, "threads": 1}
    root.mkdir()
    model = produce(
        MultimodalModelArtifact, root / "multimodal_model", Made(), {}, lambda draft: _trained(served, draft.path)
    )
    turn = Conversations.open(_conversations(root))
    questions = build_suites(SuitesConfig.parse(profile), served.questions, root / "questions")
    features = build_encode(EncodeConfig(encoder="tiny-random"), turn.path, questions.path, root / "features")
    answers = build_evaluate(EvaluateConfig.parse(profile), model.path, questions.path, features.path, root / "answers")
    export = ExportConfig.parse(profile)
    bundle = build_bundle(export, model.path, questions.path, features.path, answers.path, root / "bundle")
    view = {"questions": 1, "agreed": 1, "disagreements": []}
    outcome: dict[str, Any] = {"questions": [], "views": {"visual": view, "blind": view}, "chats": []}
    rehearsal = produce(Rehearsal, root / "rehearsal", Made(), {}, lambda draft: write_rehearsal(draft.path, outcome))
    text = {name: made_run.paths()[name] for name in ("corpus", "tokens", "language_model")}
    findings = build_analyze(
        AnalyzeConfig.parse({**profile, "analyze": {"samples": 4}}),
        **text,
        questions=questions.path,
        multimodal_model=model.path,
        answers=answers.path,
        answers_no_pretraining=answers.path,
        bundle=bundle.path,
        rehearsal=rehearsal.path,
        output=root / "findings",
    )
    return Evaluated(questions, answers, bundle, findings)


def _trained(served: Any, path: Path) -> None:
    """The served model with a log of its adaptation."""
    shutil.copytree(served.multimodal_model, path, dirs_exist_ok=True)
    (path / "manifest.json").unlink()
    row = {"phase": "align", "step": 1, "loss": 2.0, "learning_rate": 1e-3}
    (path / TRAINING).write_text("".join(json.dumps({**row, "step": step}) + "\n" for step in (1, 2)))


def _conversations(root: Path) -> Path:
    produce(
        Conversations,
        root / "conversations",
        Made(),
        {},
        lambda draft: write_conversations(draft.path, [("i", picture(0))], []),
    )
    return root / "conversations"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of two suites."""
    folder = tmp_path_factory.mktemp("data")
    write_mmbench(folder / "dev.parquet")
    write_mine(folder)
    return folder


@pytest.fixture(scope="module")
def all_three(data: Path, made_run, served, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    mmbench = {"suite": "mmbench", "data": str(data / "dev.parquet")}
    root = tmp_path_factory.mktemp("three") / "run"
    return evaluate(root, made_run, served, "scenes", mmbench, str(data / "mine.yaml"))


@pytest.fixture(scope="module")
def mine_alone(data: Path, made_run, served, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    return evaluate(tmp_path_factory.mktemp("mine") / "run", made_run, served, str(data / "mine.yaml"))


def test_each_suite_is_scored_by_its_own_rule(all_three: Evaluated) -> None:
    summary = all_three.answers.summary()["suites"]
    assert list(summary) == ["scenes", "mmbench", "mine"]
    for name, asked in all_three.questions.suites().items():
        visual = all_three.answers.answers("visual", "test", name)
        assert len(visual) == sum(question.split == "test" for question in asked)
        mean = summary[name]["splits"]["test"]["mean"]
        if summary[name]["headline"]["mean"] == "questions":
            assert mean["views"]["visual"]["value"] == sum(one.correct for one in visual) / len(visual)
    assert summary["mine"]["splits"]["test"]["mean"]["chance"] == pytest.approx((6 / 2 + 6 / 5) / 12)
    assert list(summary["mine"]["splits"]["test"]["categories"]) == ["pairs", "fives"]
    assert set(summary["scenes"]["splits"]) == {"test", "validation"}


def test_the_answers_about_scenes_keep_their_bytes_beside_other_suites(
    all_three: Evaluated, made_run, served, tmp_path
) -> None:
    alone = evaluate(tmp_path / "alone", made_run, served, "scenes")
    place = f"{ANSWERS}/scenes.parquet"
    assert (alone.answers.path / place).read_bytes() == (all_three.answers.path / place).read_bytes()


def test_the_report_shows_every_suite_in_its_own_words(all_three: Evaluated) -> None:
    report = all_three.findings.report.read_text()
    for said in (
        "Rendered scenes: mean accuracy over the four-choice families", "MMBench: accuracy over all questions",
        "My squares: accuracy of squares", "The drawings, photographs and fonts", "These images are plain colours.",
        "pairs: two colours to choose from", "Any shape but squares.", "MMBench&#x27;s CircularEval",
        "drawn for this test (CC0)",
    ):  # fmt: skip
        assert said.replace("&#x27;", "'") in report, said
    card = all_three.bundle.card()
    for said in (
        "### Rendered scenes, version 2",
        "### My squares, version 1",
        "rendered scenes like those",
        "about squares only",
    ):
        assert said in card


def test_nothing_of_rendered_scenes_is_said_where_they_are_not_read(mine_alone: Evaluated) -> None:
    report, card = mine_alone.findings.report.read_text().lower(), mine_alone.bundle.card().lower()
    for word in ("scene", "rendered", "four-choice", "drawings", "bar chart", "existence", "object size"):
        assert word not in report, word
        assert word not in card, word
    assert "it names colours of squares" in card
    assert "data:image/png;base64" in report


def test_a_suite_with_one_image_leaves_intervals_blank(data: Path, made_run, served, tmp_path: Path) -> None:
    one = {"suite": str(data / "mine.yaml"), "data": str(data / "one.jsonl")}
    found = evaluate(tmp_path / "run", made_run, served, one)
    estimate = found.findings.findings()["suites"]["mine"]["scores"]["test"]["pretrained"]["mean"]["views"]["visual"]
    assert (estimate["low"], estimate["images"]) == (None, 1)
    report = found.findings.report.read_text()
    assert "without an interval, for all questions are about one image" in report
    assert "cannot be told" in report
    assert "NaN" not in report
