"""What holds for every metric: scores from 0 to 1, items of questions and groups, and any text is scored."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inkling.components.artifacts.metric import METRICS, Given, Metric
from inkling.components.artifacts.questions import Question

NAMES = METRICS.names()


def asked(choices: list[str], answer: str, answers: list[str]) -> Question:
    return Question(
        "q", "i", "j", "What?", choices, answer, "General", "family", "none", "test", "mine", answers=answers
    )  # fmt: skip


CHOICE = asked(["a cat", "a dog"], "a dog", [])
OPEN = asked([], "12", ["12", "twelve", "a dozen"])


@pytest.fixture(params=NAMES)
def metric(request: pytest.FixtureRequest) -> Metric:
    return METRICS.read(request.param)


def test_there_are_metrics() -> None:
    assert {"accuracy", "anls", "circular", "contains", "exact", "mme", "relaxed", "vqa"} <= set(NAMES)


def test_the_spec_names_its_own_class(metric: Metric) -> None:
    assert metric.load_target().__name__ == type(metric).__name__
    assert METRICS.read(metric.model_dump(mode="json")).model_dump() == metric.model_dump()


def test_the_right_choice_is_worth_one_and_the_others_nothing(metric: Metric) -> None:
    assert metric.score(CHOICE, Given("a dog", 1)) == 1
    assert metric.score(CHOICE, Given("a cat", 0)) == 0
    assert metric.score(CHOICE, Given("cannot say")) == 0


def test_an_accepted_answer_of_an_open_question_is_worth_more_than_another(metric: Metric) -> None:
    if metric.grouped:
        pytest.skip("asks questions with choices alone")
    assert metric.score(OPEN, Given("12")) > metric.score(OPEN, Given("red bicycle")) == 0


@given(text=st.text())
@example(text="E1")  # no number without digits before the exponent
@pytest.mark.parametrize("name", NAMES)
def test_any_text_is_scored(name: str, text: str) -> None:
    metric = METRICS.read(name)
    for question in (CHOICE, OPEN) if not metric.grouped else (CHOICE,):
        assert 0 <= metric.score(question, Given(text)) <= 1


def test_a_question_of_no_group_is_an_item_of_its_own(metric: Metric) -> None:
    if metric.type == "mme":
        pytest.skip("its questions are all of an image")
    assert metric.total({"a": 1.0, "b": 0.0}, {"a": "", "b": ""}) == {"a": 1.0, "b": 0.0}


def test_items_lie_between_nothing_and_one(metric: Metric) -> None:
    asked_as = metric.asked(CHOICE)
    assert {one.answer for one in asked_as} == {CHOICE.answer}
    groups = {one.question_id: one.group or "pair" for one in asked_as} | {"other": "pair"}
    if metric.type == "circular":
        groups.pop("other")
    for value in (0.0, 0.5, 1.0):
        items = metric.total(dict.fromkeys(groups, value), groups)
        assert all(0 <= item <= 1 for item in items.values())
        assert len(items) == (1 if metric.grouped else len(groups))
