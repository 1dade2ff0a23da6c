"""Two models on the same questions."""

import dataclasses

import pytest

from inkling.components.analyze.comparison import compare, difference
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.suite import rendered_scenes
from inkling.components.evaluate.summary import summarise
from inkling.components.shared.statistics.intervals import paired_difference
from inkling.models.sequence.views import VIEWS


def answers(right: dict[str, list[bool]]) -> list[Answer]:
    """Answers to the questions of some families, the same in every view; image i holds question i of each family."""
    return [
        Answer(f"{family}{i}", view, (-1.0,) * 4, 0, hit, f"image{i}", "General", family, "none", 0.25, "test")
        for view in VIEWS
        for family, hits in right.items()
        for i, hit in enumerate(hits)
    ]


def test_differences_are_paired_and_families_weigh_the_same() -> None:
    first = {"colour": [True, True, False, True], "count": [True, False]}
    second = {"colour": [False, True, False, False], "count": [True, True]}
    scores = summarise(answers(first), rendered_scenes())["suites"]["scenes"]["splits"]["test"]
    told = compare(answers(first), answers(second), scores)
    assert told["mean"]["visual"]["value"] == pytest.approx((0.5 - 0.5) / 2)
    assert told["families"]["colour"]["visual"]["value"] == 0.5
    assert told["families"]["count"]["blind"]["value"] == -0.5
    assert told["families"]["colour"]["visual"]["mcnemar"] == {"only_first": 2, "only_second": 0, "p_value": 0.5}
    expected = paired_difference(first["colour"], second["colour"], range(4))
    assert (told["families"]["colour"]["visual"]["low"], told["families"]["colour"]["visual"]["high"]) == pytest.approx(
        (expected.low, expected.high)
    )


def test_order_of_the_answers_does_not_matter() -> None:
    first, second = answers({"colour": [True, False, True]}), answers({"colour": [False, False, True]})
    assert difference(first, second, ["colour"]) == difference(first[::-1], second, ["colour"])


def test_different_questions_are_refused() -> None:
    first = answers({"colour": [True, False]})
    second = [dataclasses.replace(one, question_id=one.question_id + "x") for one in first]
    with pytest.raises(ValueError, match="evaluated on different questions"):
        difference(first, second, ["colour"])
