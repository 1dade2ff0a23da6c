"""Answers of made-up models, for the tests of the compare stage."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.answers import VIEWS, Answer, Answers, write_answers
from inkling.components.artifacts.store import Draft, produce
from inkling.components.evaluate.config import EvaluateConfig

MakeAnswers = Callable[..., Path]


def make_answers(place: Path, right: int, questions: int = 40, chance: float = 0.25) -> Path:
    """Answers of a model that sees `right` of the questions and guesses the first choice when blind."""
    rows = []
    for number in range(questions):
        for view in VIEWS:
            correct = number < right if view == "visual" else number % 4 == 0
            rows.append(
                Answer(
                    f"q{number:03d}", view, (0.0, -1.0, -1.0, -1.0), 0, correct, f"image{number // 2}",
                    ("General", "Knowledge")[number % 2], f"family{number % 2}", "none", chance, "test",
                )
            )  # fmt: skip
    return produce(Answers, place, EvaluateConfig(seed=right), {}, lambda draft: _write(draft, rows)).path


def _write(draft: Draft, rows: list[Answer]) -> None:
    write_answers(draft.path, rows, {})


@pytest.fixture(scope="session")
def answers_of() -> MakeAnswers:
    """Makes the Answers of a model that sees so many of the questions."""
    return make_answers
