"""What was asked once is not asked again: neither for another view, nor beside another suite, nor by a repeat."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inkling.components.artifacts.questions import Questions
from inkling.components.artifacts.suite import load_suite
from inkling.components.evaluate.build import build_evaluate
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.replies import reply_task
from inkling.components.evaluate.resume_log import ResumeLog
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.sequence.views import ALL_VIEWS, VIEWS

CONFIG = EvaluateConfig(seed=1, threads=1, batch_size=5)
SCENES = load_suite("scenes")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A batch a call of the engine: whether it has images."""
    batches: list[bool] = []
    score = TorchEngine.score
    monkeypatch.setattr(
        TorchEngine, "score", lambda self, *given: batches.append(given[2] is not None) or score(self, *given)
    )
    return batches


def test_another_view_asks_only_itself(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[bool]
) -> None:
    monkeypatch.setenv("INKLING_STORE", str(tmp_path / "store"))

    def answer(name: str, *views: str) -> dict[tuple[str, str], Any]:
        config = EvaluateConfig.parse({"seed": 1, "threads": 1, "evaluate": {"batch_size": 5, "views": views}})
        made = build_evaluate(config, world.model, world.questions, world.features, tmp_path / name / "answers")
        return {(one.view, one.question_id): one for one in made.answers()}

    first = answer("first", "visual", "blind")
    assert len(asked) == 1 + 10
    more = answer("more", *ALL_VIEWS)
    assert len(asked) == 1 + 10 + 10, "the longest question was seen to fit, so that two views are asked alone"
    assert {key: more[key] for key in first} == first
    assert {view for view, _ in more} == set(ALL_VIEWS)
    answer("again", *ALL_VIEWS)
    assert len(asked) == 21, "the artifact is there"


def test_blank_is_an_image_and_the_same_for_every_question(world: Any, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"views": ("visual", "blank", "blind")})
    made = build_evaluate(config, world.model, world.questions, world.features, tmp_path / "answers")
    by_view = {view: made.answers(view) for view in config.views}  # type: ignore[arg-type]
    for one, other in (("visual", "blank"), ("blank", "blind")):
        pairs = zip(by_view[one], by_view[other], strict=True)
        assert all(a.log_likelihoods != b.log_likelihoods for a, b in pairs)
    mean = made.summary()["suites"]["scenes"]["splits"]["test"]["mean"]
    assert list(mean["views"]) == ["visual", "blind", "blank"]
    assert set(mean["differences"]) == {"visual_minus_blind", "visual_minus_blank", "blank_minus_blind"}


def test_the_default_views_leave_no_trace_in_the_settings() -> None:
    assert EvaluateConfig(views=VIEWS).settings() == EvaluateConfig().settings()
    assert "views" not in EvaluateConfig().settings()
    assert EvaluateConfig(views=("visual",)).settings()["views"] == ["visual"]


@pytest.mark.parametrize("views", [["visual", "visual"], ["sideways"], []])
def test_views_that_cannot_be_asked_are_refused(views: list[str]) -> None:
    with pytest.raises(ValueError, match="evaluate.*view"):
        EvaluateConfig.parse({"evaluate": {"views": views}})


def test_a_task_is_model_suite_questions_pictures_and_settings(world: Any) -> None:
    questions = Questions.open(world.questions).questions()
    pictures = Questions.open(world.questions).images()
    who = {"model": "digest", "code": "code"}
    same = reply_task(who, SCENES, questions, pictures, CONFIG)
    other = {name: data + b"." for name, data in pictures.items()}
    asked = [dataclasses.replace(questions[0], question="Else?"), *questions[1:]]
    raised = load_suite({"suite": "scenes", "version": "other"})
    changed = [
        reply_task({**who, "model": "another"}, SCENES, questions, pictures, CONFIG),
        reply_task(who, raised, questions, pictures, CONFIG),
        reply_task(who, SCENES, asked, pictures, CONFIG),
        reply_task(who, SCENES, questions, other, CONFIG),
        reply_task(who, SCENES, questions, pictures, CONFIG.model_copy(update={"seed": 2})),
        reply_task(who, SCENES, questions, pictures, CONFIG.model_copy(update={"batch_size": 6})),
    ]
    assert len({same, *changed}) == 7
    kept = CONFIG.model_copy(update={"views": ALL_VIEWS, "suites": (SCENES, load_suite("transfer"))})
    assert reply_task(who, SCENES, questions, {**pictures, "of another suite": b""}, kept) == same


WAITS = """
import sys
from pathlib import Path
from inkling.components.evaluate.resume_log import ResumeLog
with ResumeLog(Path(sys.argv[1]), "task") as log:
    print(sorted(log.results), flush=True)
"""


def test_a_second_process_waits_for_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with ResumeLog(path, "task") as log:
        other = subprocess.Popen([sys.executable, "-c", WAITS, path], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == f"waiting: another process adds to {path}\n"
        log.append({"key": 1})
    assert other.communicate(timeout=60)[0] == "['key']\n"
