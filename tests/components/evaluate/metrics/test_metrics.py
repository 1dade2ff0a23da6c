"""Each metric gives the values that its authors' definition gives, worked out by hand."""

from typing import Any

import pytest

from inkling.components.artifacts.metric import METRICS, Given
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.metrics.anls import edits
from inkling.components.evaluate.metrics.text import number
from inkling.components.evaluate.metrics.vqa import normalised


def asked(answers: list[str], choices: list[str] | None = None, family: str = "f", **fields: Any) -> Question:
    return Question(
        "q", "i", "j", "What?", choices or [], answers[0], "General", family, "none", "test", "mine",
        answers=[] if choices else answers, **fields,
    )  # fmt: skip


def score(metric: Any, text: str, *answers: str, family: str = "f") -> float:
    return METRICS.read(metric).score(asked(list(answers), family=family), Given(text))


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("14", "14", 1), ("14.0", "14", 1), ("1,400", "1400", 1), ("14.1", "14", 0), (" Paris. ", "paris", 1),
        ("", "14", 0), ("50%", "0.5", 1), ("nan", "0", 0),
    ],
)  # fmt: skip
def test_accuracy_of_open_answers(text: str, answer: str, expected: float) -> None:
    assert score("accuracy", text, answer) == expected


def test_a_choice_that_cannot_be_decided_is_wrong() -> None:
    question = asked(["red"], ["red", "blue"])
    assert METRICS.read("accuracy").score(question, Given("red or blue")) == 0
    assert METRICS.read("accuracy").score(question, Given("red", 0)) == 1


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("105", "100", 1), ("94.9", "100", 0), ("95", "100", 1), ("105.1", "100", 0), ("-95", "-100", 1), ("0", "0", 1),
        ("0.01", "0", 0), ("5%", "0.05", 1), ("5.2%", "5%", 1), ("Blue", "blue", 1), ("Bleu", "blue", 0),
        ("1,000", "1020", 1), ("in 2010", "2010", 0), ("1e3", "1000", 1),
    ],
)  # fmt: skip
def test_numbers_may_be_five_per_cent_off(text: str, answer: str, expected: float) -> None:
    assert score("relaxed", text, answer) == expected


def test_the_tolerance_is_a_setting() -> None:
    assert score({"type": "relaxed", "tolerance": 0.2}, "119", "100") == 1


@pytest.mark.parametrize(("agree", "expected"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (10, 1)])
def test_consensus_leaves_each_human_out_once(agree: int, expected: float) -> None:
    """Of ten humans k agree: (k min((k - 1) / 3, 1) + (10 - k) min(k / 3, 1)) / 10."""
    answers = ["yes"] * agree + [f"other {number}" for number in range(10 - agree)]
    assert score("vqa", "Yes.", *answers) == pytest.approx(expected)


def test_of_one_answer_the_consensus_is_itself() -> None:
    assert (score("vqa", "a Cat", "cat"), score("vqa", "dog", "cat"), score("vqa", "x", "x", "y")) == (1, 0, 0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The two dogs.", "2 dogs"), ("dont", "don't"), ("couldn'tve", "couldn't've"), ("its", "its"), ("None", "0"),
        ("1,000", "1000"), ("3.14", "3.14"), ("black/white", "black white"), ("black / white", "black white"),
        ("t-shirt", "t shirt"), ("a\nnew\tline", "new line"), ("10 o'clock", "10 o'clock"), ("st. john", "st john"),
    ],
)  # fmt: skip
def test_texts_are_normalised_as_vqa_does(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "distance"), [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2)]
)
def test_edits(one: str, other: str, distance: int) -> None:
    assert edits(one, other) == edits(other, one) == distance


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Hello World", 1), ("hello  worl", 10 / 11), ("hello", 0), ("abcde fghij", 0), ("hello xxxxx", 6 / 11)],
)
def test_anls_is_nothing_below_one_half(text: str, expected: float) -> None:
    assert score("anls", text, "something else", "hello world") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("The sign says STOP here", ["stop"], 1), ("sto p", ["stop"], 0), ("2 and 7", ["2<AND>7"], 1),
        ("2", ["2<AND>7"], 0), ("seven", ["7<OR>seven"], 1), ("eight", ["7<OR>seven"], 0),
    ],
)  # fmt: skip
def test_containment(text: str, answers: list[str], expected: float) -> None:
    assert score("contains", text, *answers) == expected


def test_spaces_do_not_count_in_formulas_and_case_does() -> None:
    metric = {"type": "contains", "formulas": ["math"]}
    assert score(metric, "\\frac { a } { B }", "\\frac{a}{B}", family="math") == 1
    assert score(metric, "\\frac { a } { b }", "\\frac{a}{B}", family="math") == 0
    assert score(metric, "\\frac { a } { B }", "\\frac{a}{B}", family="words") == 0


def test_exact_match_is_no_containment() -> None:
    assert (score("exact", "Left.", "left"), score("exact", "the left", "left")) == (1, 0)


def test_mme_is_the_mean_of_accuracy_and_both_right() -> None:
    """The paper's subtask score is 200 times the mean: here three images with 2, 1 and 0 right are 100 of 200."""
    scores = {"a1": 1.0, "a2": 1.0, "b1": 1.0, "b2": 0.0, "c1": 0.0, "c2": 0.0}
    items = METRICS.read("mme").total(scores, {name: name[0] for name in scores})
    assert items == {"a": 1.0, "b": 0.25, "c": 0.0}
    accuracy, plus = 100 * 3 / 6, 100 * 1 / 3
    assert 200 * sum(items.values()) / 3 == pytest.approx(accuracy + plus)
    assert METRICS.read("mme").total({"a1": 0.5, "a2": 0.5}, {"a1": "a", "a2": "a"}) == {"a": 0.375}
    with pytest.raises(ValueError, match="MME asks two questions of an image, and one has 1"):
        METRICS.read("mme").total({"a1": 1.0}, {"a1": "a"})


def test_circular_passes_turn_the_choices_and_must_all_be_right() -> None:
    metric = METRICS.read("circular")
    passes = metric.asked(asked(["b"], ["a", "b", "c"]))
    assert [one.choices for one in passes] == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]
    assert [one.correct for one in passes] == [1, 0, 2]
    assert [one.question_id for one in passes] == ["q@0", "q@1", "q@2"]
    assert {(one.group, one.cluster) for one in passes} == {("q", "i")}
    groups = {one.question_id: one.group for one in passes}
    assert metric.total(dict.fromkeys(groups, 1.0), groups) == {"q": 1.0}
    assert metric.total({**dict.fromkeys(groups, 1.0), "q@1": 0.0}, groups) == {"q": 0.0}
    chance = metric.total({one.question_id: one.chance for one in passes}, groups)
    assert chance == {"q": pytest.approx(1 / 27)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-1,234.5", -1234.5),
        ("12%", 0.12),
        (".5", 0.5),
        ("1,23", None),
        ("e", None),
        ("", None),
        ("1e999", None),
    ],
)
def test_numbers_in_texts(text: str, value: float | None) -> None:
    assert number(text) == value
