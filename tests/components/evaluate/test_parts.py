"""However many tasks share the questions, the answers are the same bytes, and nothing is asked twice."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from inkling.components.artifacts.answers import Answers
from inkling.components.evaluate import scoring
from inkling.components.evaluate.build import build_evaluate, build_evaluate_part
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.store import STORE_VARIABLE
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.sequence.views import VIEWS

QUESTIONS = 24


def config(parts: int) -> EvaluateConfig:
    return EvaluateConfig(seed=1, threads=1, batch_size=5, parts=parts)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often each question was asked in each view, what finds out whether the longest fits left aside."""
    counts: Counter[tuple[str, str]] = Counter()
    ask = scoring.ask

    def counting(method, model, members, view):  # type: ignore[no-untyped-def]
        if len(members) > 1:
            counts.update((view, one.question.question_id) for one in members)
        return ask(method, model, members, view)

    monkeypatch.setattr(scoring, "ask", counting)
    return counts


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    place = tmp_path_factory.mktemp("whole") / "answers"
    return build_evaluate(config(1), world.model, world.questions, world.features, place)


@pytest.mark.parametrize("number", [2, 3, 16])
def test_any_number_of_parts_gives_the_same_bytes(world, whole: Answers, asked, tmp_path: Path, number: int) -> None:
    places = (world.model, world.questions, world.features)
    parts = []
    for index in range(number):
        parts.append(tmp_path / f"part-{index}" / "part")
        build_evaluate_part(config(number), index, *places, parts[-1])
    assert (len(asked), set(asked.values())) == (QUESTIONS * len(VIEWS), {1})
    made = build_evaluate(config(number), *places, tmp_path / "answers", parts)
    assert made.digest == whole.digest
    assert set(asked.values()) == {1}, "putting them together asks nothing"


def test_what_no_part_holds_is_asked_when_they_are_put_together(
    world, whole: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = (world.model, world.questions, world.features)
    part, other = tmp_path / "one" / "part", tmp_path / "two" / "part"
    build_evaluate_part(config(3), 1, *places, part)
    build_evaluate_part(EvaluateConfig(seed=2, threads=1, batch_size=5, parts=3), 2, *places, other)
    batches: list[int] = []
    score = TorchEngine.score
    monkeypatch.setattr(TorchEngine, "score", lambda *given: batches.append(1) or score(*given))
    made = build_evaluate(config(3), *places, tmp_path / "answers", [part, other])
    assert made.digest == whole.digest
    assert len(batches) == 10, "two thirds of fifteen batches; the part of another seed is left aside"


def test_a_part_asks_nothing_that_the_store_holds(
    world, asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    places = (world.model, world.questions, world.features)
    blind = EvaluateConfig(seed=1, threads=1, batch_size=5, views=("blind",))
    build_evaluate(blind, *places, tmp_path / "blind")
    asked.clear()
    parts = [build_evaluate_part(config(2), index, *places, tmp_path / f"part-{index}").path for index in range(2)]
    assert {view for view, _ in asked} == {"visual", "mismatched"}
    assert (len(asked), set(asked.values())) == (2 * QUESTIONS, {1})
    asked.clear()
    build_evaluate(config(2), *places, tmp_path / "answers", parts)
    assert not asked


def test_a_part_that_there_is_not_is_refused(world, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="part 2 of 2: parts are numbered from 0 to 1"):
        build_evaluate_part(config(2), 2, world.model, world.questions, world.features, tmp_path / "part")


def test_a_part_of_an_open_artifact_can_be_moved(world, whole: Answers, tmp_path: Path) -> None:
    """A pod gets its parts at another place than they were made at."""
    places = (world.model, world.questions, world.features)
    build_evaluate_part(config(2), 0, *places, tmp_path / "part")
    shutil.move(tmp_path / "part", tmp_path / "moved")
    assert build_evaluate(config(2), *places, tmp_path / "answers", [tmp_path / "moved"]).digest == whole.digest
