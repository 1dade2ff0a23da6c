"""Sample questions are drawn, not picked."""

import dataclasses
import math

import pytest

from inkling.components.analyze.samples import describe, draw
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.models.sequence.views import VIEWS


def answer(index: int, correct: bool, image: str | None = None, view: str = "visual") -> Answer:
    return Answer(
        f"q{index}", view, (-1.0, -2.0), 0, correct, image or f"i{index}", "General", "object", "none", 0.5, "test"
    )


@pytest.mark.parametrize("number", [2, 5, 12])
def test_half_are_right_and_no_image_comes_twice(number: int) -> None:
    answers = [answer(index, index % 3 == 0, f"i{index // 2}") for index in range(80)]
    drawn = draw(answers, number, seed=1)
    by_name = {one.question_id: one for one in answers}
    outcomes = [by_name[name].correct for name in drawn]
    assert outcomes == [True] * (number // 2) + [False] * (number - number // 2)
    assert len({by_name[name].image_id for name in drawn}) == number


def test_the_seed_decides_and_the_order_of_answers_does_not() -> None:
    answers = [answer(index, index % 2 == 0) for index in range(60)]
    assert draw(answers, 6, seed=1) == draw(answers[::-1], 6, seed=1)
    assert draw(answers, 6, seed=1) != draw(answers, 6, seed=2)


def test_every_question_can_be_drawn() -> None:
    answers = [answer(index, index % 2 == 0) for index in range(10)]
    assert {name for seed in range(200) for name in draw(answers, 2, seed)} == {f"q{index}" for index in range(10)}


def test_a_model_that_is_always_right_has_fewer_samples() -> None:
    assert len(draw([answer(index, True) for index in range(10)], 6, seed=0)) == 3


def test_probabilities_are_shares_of_the_likelihood() -> None:
    question = Question("q0", "i", "j", "What?", ["cat", "dog"], "dog", "General", "object", "none", "test")
    views = {view: dataclasses.replace(answer(0, False), view=view) for view in VIEWS}
    views["blind"] = dataclasses.replace(views["blind"], log_likelihoods=(-1000.0, -1000.0 + math.log(3)))
    told = describe(question, views)
    assert told["views"]["blind"]["probabilities"] == pytest.approx([0.25, 0.75])
    assert sum(told["views"]["visual"]["probabilities"]) == pytest.approx(1)
    assert told["answer"] == "dog"
