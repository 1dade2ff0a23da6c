"""Which choice is the answer."""

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.metric import METRICS
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.contract import Asked, Reply
from inkling.components.evaluate.scoring import answer, order
from inkling.models.inference.likelihood import choose

ACCURACY = METRICS.read("accuracy")
QUESTION = Question(
    "q", "i", "j", "What?", ["red", "green", "blue", "black"], "blue", "General", "colour", "none", "test"
)


def given_likelihoods(question: Question, view: str, asked: list[float], seed: int) -> Answer:
    reply = Reply(tuple(asked), choice=choose(asked))
    return answer(Asked(question, order(question, seed)), view, reply, "likelihood", ACCURACY)  # type: ignore[arg-type]


@given(st.integers(0, 2**31), st.text(max_size=20))
def test_order_is_a_permutation_that_only_seed_and_question_decide(seed: int, name: str) -> None:
    question = dataclasses.replace(QUESTION, question_id=name)
    assert sorted(order(question, seed)) == [0, 1, 2, 3]
    assert order(question, seed) == order(question, seed)


@given(st.lists(st.floats(-50, 0), min_size=4, max_size=4, unique=True), st.integers(0, 100))
def test_the_most_likely_choice_wins_in_any_order(likelihoods: list[float], seed: int) -> None:
    asked = [likelihoods[index] for index in order(QUESTION, seed)]
    result = given_likelihoods(QUESTION, "visual", asked, seed)
    assert list(result.log_likelihoods) == likelihoods
    assert result.choice == likelihoods.index(max(likelihoods))
    assert result.correct == (result.choice == 2)
    assert result.chance == 0.25


def test_ties_favour_no_position() -> None:
    """A model that finds all choices equal picks each about as often, and the same one each time it is asked."""
    questions = [dataclasses.replace(QUESTION, question_id=f"q{index}") for index in range(2000)]
    chosen = [given_likelihoods(question, "blind", [-1.0] * 4, seed=5).choice for question in questions]
    assert chosen == [given_likelihoods(question, "blind", [-1.0] * 4, seed=5).choice for question in questions]
    assert all(430 < count < 570 for count in Counter(chosen).values())


@pytest.mark.parametrize("broken", [float("nan"), float("-inf"), float("inf")])
def test_a_likelihood_that_is_no_number_is_refused(broken: float) -> None:
    with pytest.raises(ValueError, match=r"question q .visual.: the log-likelihoods .* are not all finite"):
        given_likelihoods(QUESTION, "visual", [-1.0, broken, -2.0, -3.0], seed=0)


def test_an_undecidable_text_is_a_class_of_its_own() -> None:
    reply = Reply(text="I cannot tell.")
    result = answer(Asked(QUESTION, (3, 2, 1, 0)), "visual", reply, "generate", ACCURACY)
    assert (result.choice, result.correct, result.score, result.text) == (-1, False, 0.0, "I cannot tell.")
    assert (result.method, result.log_likelihoods, result.order) == ("generate", (), (3, 2, 1, 0))


@pytest.mark.parametrize(("said", "score"), [("Blue.", 1.0), ("azure", 1.0), ("red", 0.0)])
def test_an_open_question_is_scored_by_its_accepted_answers(said: str, score: float) -> None:
    question = dataclasses.replace(QUESTION, choices=[], answers=["blue", "azure"], group="g")
    result = answer(Asked(question, ()), "blind", Reply(text=said), "likelihood", ACCURACY)
    assert (result.score, result.correct, result.choice, result.chance) == (score, score == 1, -1, 0.0)
    assert (result.method, result.group, result.order) == ("generate", "g", ())


def test_the_metric_of_the_suite_scores_a_text() -> None:
    open_ = Question("q", "i", "j", "What does it say?", [], "stop", "OCR", "sign", "none", "test", answers=["stop"])
    found = [
        answer(Asked(open_, ()), "visual", Reply(text=text), "likelihood", METRICS.read("anls"))
        for text in ("Stop", "stob", "a sign")
    ]
    assert [(one.score, one.correct, one.choice, one.method) for one in found] == [
        (1.0, True, -1, "generate"),
        (0.75, False, -1, "generate"),
        (0.0, False, -1, "generate"),
    ]
