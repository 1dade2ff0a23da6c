"""Scores of answers, against numbers worked out by hand."""

from typing import Any

import pytest

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.suite import Suite, load_suite, rendered_scenes
from inkling.components.evaluate.summary import score, summarise
from inkling.models.sequence.views import VIEWS


def answered(name: str, family: str, right: tuple[bool, bool, bool], choices: int = 4, **more: str) -> list[Answer]:
    """The three answers (visual, blind, mismatched) to a question."""
    return [
        Answer(
            question_id=name,
            view=view,
            log_likelihoods=tuple(-float(index) for index in range(choices)),
            choice=0,
            correct=correct,
            image_id=more.get("image", name),
            category=more.get("category", "General"),
            family=family,
            size_bucket=more.get("size", "none"),
            chance=1 / choices,
            split=more.get("split", "test"),
            suite=more.get("suite", "scenes"),
        )
        for view, correct in zip(VIEWS, right, strict=True)
    ]


def many(family: str, number: int, right: int, **more: str) -> list[Answer]:
    """Questions of which the first `right` are answered rightly with the image only."""
    rows = (answered(f"{family}{i}", family, (i < right, False, False), **more) for i in range(number))
    return [answer for row in rows for answer in row]


def test_families_weigh_the_same() -> None:
    cell = score(many("colour", 40, 10) + many("count", 10, 9))
    assert cell["views"]["visual"]["value"] == pytest.approx((0.25 + 0.9) / 2)
    assert cell["views"]["blind"]["value"] == 0
    assert cell["differences"]["visual_minus_blind"]["value"] == pytest.approx((0.25 + 0.9) / 2)
    assert cell["differences"]["mismatched_minus_blind"]["value"] == 0
    assert cell["differences"]["visual_minus_blind"]["mcnemar"]["only_first"] == 19
    assert (cell["questions"], cell["families"]) == (50, ["colour", "count"])


def test_a_suite_may_report_the_mean_over_size_buckets_beside_that_over_questions() -> None:
    """MLE-Bench's overall weighs questions alike (732, 698 and 431 of them), lmms-eval its three buckets."""
    shares = {"small": (40, 10), "medium": (20, 10), "large": (10, 9)}
    rows = [
        answer
        for size, (number, right) in shares.items()
        for at in range(number)
        for answer in answered(f"{size}{at}", "MLE-Bench", (at < right, False, False), size=size, suite="mle-bench")
    ]
    test = summarise(rows, [load_suite("mle-bench")])["suites"]["mle-bench"]["splits"]["test"]
    assert test["mean"]["views"]["visual"]["value"] == pytest.approx(29 / 70)
    assert test["beside"]["views"]["visual"]["value"] == pytest.approx((0.25 + 0.5 + 0.9) / 3)
    assert test["beside"]["chance"] == 0.25 and test["beside"]["views"]["visual"]["low"] < 0.55
    assert list(test["sizes"]["MLE-Bench"]) == ["small", "medium", "large"]
    assert "beside" not in scenes(many("colour", 4, 1))["splits"]["test"]


def test_headline_holds_the_four_choice_families_only() -> None:
    yes_no = [one for i in range(8) for one in answered(f"e{i}", "exist", (True, True, True), 2, category="Existence")]
    test = scenes(many("colour", 40, 10) + yes_no)["splits"]["test"]
    assert test["mean"]["families"] == ["colour"]
    assert test["mean"]["chance"] == 0.25
    assert test["families"]["exist"]["chance"] == 0.5
    assert test["families"]["exist"]["category"] == "Existence"
    assert list(test["categories"]) == ["General", "Existence"], "in the order of the suite"


def test_sizes_stand_in_their_order() -> None:
    rows = [
        one
        for i, size in enumerate(["large", "small", "medium", "none"])
        for one in answered(f"e{i}", "colour", (size == "large", False, False), size=size)
    ]
    sizes = scenes(rows)["splits"]["test"]["sizes"]["colour"]
    assert list(sizes) == ["small", "medium", "large"]
    assert [cell["views"]["visual"]["value"] for cell in sizes.values()] == [0, 0, 1]


def test_splits_are_kept_apart_and_order_does_not_matter() -> None:
    rows = many("colour", 20, 5) + many("seen", 20, 15, split="validation")
    summary = scenes(rows)
    assert summary == scenes(rows[::-1])
    assert summary["splits"]["test"]["mean"]["views"]["visual"]["value"] == 0.25
    assert summary["splits"]["validation"]["mean"]["views"]["visual"]["value"] == 0.75


def test_more_passes_than_one_are_stated() -> None:
    assert "passes" not in summarise([], []) and summarise([], [], passes=3)["passes"] == 3


def test_ties_are_counted() -> None:
    rows = many("colour", 4, 1)
    tied = [Answer(**{**one.__dict__, "log_likelihoods": (-1.0, -1.0, -2.0, -3.0)}) for one in rows[:2]]
    assert scenes(rows)["ties"] == 0
    assert scenes(tied + rows[2:])["ties"] == 2


def test_a_suite_needs_no_four_choices() -> None:
    rows = [
        *(one for i in range(4) for one in answered(f"two{i}", "two", (i < 3, False, False), 2, suite="mine")),
        *(one for i in range(2) for one in answered(f"five{i}", "five", (True, False, False), 5, suite="mine")),
    ]
    by_family = summarise(rows, [suite("families")])["suites"]["mine"]["splits"]["test"]["mean"]
    assert by_family["views"]["visual"]["value"] == pytest.approx((0.75 + 1) / 2)
    assert by_family["chance"] == pytest.approx((0.5 + 0.2) / 2)
    by_question = summarise(rows, [suite("questions")])["suites"]["mine"]["splits"]["test"]["mean"]
    assert by_question["views"]["visual"]["value"] == pytest.approx(5 / 6)
    assert by_question["chance"] == pytest.approx((4 * 0.5 + 2 * 0.2) / 6)


def test_suites_are_kept_apart() -> None:
    mine = [one for i in range(4) for one in answered(f"m{i}", "colour", (True, True, True), suite="mine")]
    found = summarise(mine + many("colour", 8, 2), [*rendered_scenes(), suite("questions")])["suites"]
    assert list(found) == ["scenes", "mine"]
    means = [one["splits"]["test"]["mean"]["views"]["visual"]["value"] for one in found.values()]
    assert means == [0.25, 1.0]
    assert found["mine"]["headline"]["mean"] == "questions"


def test_one_image_gives_no_interval() -> None:
    rows = [one for i in range(4) for one in answered(f"q{i}", "colour", (i < 2, False, False), image="only")]
    test = scenes(rows)["splits"]["test"]
    for estimate in (*test["mean"]["views"].values(), *test["mean"]["differences"].values()):
        assert (estimate["low"], estimate["high"], estimate["images"]) == (None, None, 1)
    assert test["mean"]["views"]["visual"]["value"] == 0.5


def scenes(answers: list[Answer]) -> dict[str, Any]:
    return summarise(answers, rendered_scenes())["suites"]["scenes"]


def suite(mean: str) -> Suite:
    stated = {"name": "mine", "version": 1, "title": "Mine", "licence": "CC0", "source": "here"}
    return load_suite({**stated, "artifact": "questions", "headline": {"mean": mean}})
