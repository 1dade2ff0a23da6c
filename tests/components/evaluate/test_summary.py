"""Scores of answers, against numbers worked out by hand."""

import pytest

from inkling.components.artifacts.answers import Answer
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


def test_headline_holds_the_four_choice_families_only() -> None:
    yes_no = [one for i in range(8) for one in answered(f"e{i}", "exist", (True, True, True), 2, category="Existence")]
    test = summarise(many("colour", 40, 10) + yes_no)["splits"]["test"]
    assert test["mean"]["families"] == ["colour"]
    assert test["mean"]["chance"] == 0.25
    assert test["families"]["exist"]["chance"] == 0.5
    assert test["families"]["exist"]["category"] == "Existence"
    assert list(test["categories"]) == ["Existence", "General"]


def test_sizes_stand_in_their_order() -> None:
    rows = [
        one
        for i, size in enumerate(["large", "small", "medium", "none"])
        for one in answered(f"e{i}", "colour", (size == "large", False, False), size=size)
    ]
    sizes = summarise(rows)["splits"]["test"]["sizes"]["colour"]
    assert list(sizes) == ["small", "medium", "large"]
    assert [cell["views"]["visual"]["value"] for cell in sizes.values()] == [0, 0, 1]


def test_splits_are_kept_apart_and_order_does_not_matter() -> None:
    rows = many("colour", 20, 5) + many("seen", 20, 15, split="validation")
    summary = summarise(rows)
    assert summary == summarise(rows[::-1])
    assert summary["splits"]["test"]["mean"]["views"]["visual"]["value"] == 0.25
    assert summary["splits"]["validation"]["mean"]["views"]["visual"]["value"] == 0.75


def test_ties_are_counted() -> None:
    rows = many("colour", 4, 1)
    tied = [Answer(**{**one.__dict__, "log_likelihoods": (-1.0, -1.0, -2.0, -3.0)}) for one in rows[:2]]
    assert summarise(rows)["ties"] == 0
    assert summarise(tied + rows[2:])["ties"] == 2


def test_a_split_without_four_choices_is_refused() -> None:
    with pytest.raises(ValueError, match="no family of the test split has four choices"):
        summarise(answered("e", "exist", (True, True, True), 2))
