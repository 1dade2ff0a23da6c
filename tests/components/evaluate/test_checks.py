"""Undecidable answers, calibration and positions of a suite's answers, and what stands beside its p-values."""

import dataclasses

import pytest

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.items import items
from inkling.components.artifacts.suite import load_suite
from inkling.components.evaluate.checks import checks
from inkling.components.evaluate.metrics.mme import MmePairs
from inkling.components.evaluate.summary import summarise


def answer(number: int, view: str = "visual", **more: object) -> Answer:
    """The first of four choices, right in the visual view, given in an order that turns with the number."""
    turned = tuple((place + number) % 4 for place in range(4))
    stated = {
        "question_id": f"q{number:03}", "view": view, "log_likelihoods": (-0.1, -3.0, -3.0, -3.0), "choice": 0,
        "correct": view == "visual", "image_id": f"i{number}", "category": ("General", "Knowledge")[number % 2],
        "family": "colour", "size_bucket": "none", "chance": 0.25, "split": "test", "order": turned,
        "right": 0 if view == "visual" else 1,
    }  # fmt: skip
    return Answer(**{**stated, **more})  # type: ignore[arg-type]


def test_checks_of_likelihoods() -> None:
    found = checks([answer(number) for number in range(40)])
    assert found["undecidable"]["value"] == 0
    assert found["positions"]["p_value"] == pytest.approx(1)
    assert [one["chosen"] for one in found["positions"]["positions"]] == [0.25] * 4
    sure = 1 / (1 + 3 * 2.718281828459045 ** (-2.9))
    assert found["calibration"]["ece"] == pytest.approx(1 - sure)
    assert found["calibration"]["brier"]["value"] == pytest.approx((1 - sure) ** 2 + 3 * ((1 - sure) / 3) ** 2)
    assert found["calibration"]["brier_uniform"] == 0.75


def test_an_undecidable_answer_is_counted_and_enters_nothing_else() -> None:
    lost = {"choice": -1, "correct": False, "log_likelihoods": (), "text": "Hm.", "method": "generate"}
    open_ = answer(90, chance=0.0, order=(), **{**lost, "text": "a cat"})
    found = checks([answer(0), answer(1, **lost), open_])
    assert found["undecidable"]["value"] == 0.5
    assert found["undecidable"]["questions"] == 2
    assert found["positions"]["positions"][0]["questions"] == 1
    assert checks([open_]) == {"undecidable": None, "calibration": None, "positions": None}


def test_p_values_of_categories_are_corrected_for_their_number() -> None:
    rows = [answer(number, view) for number in range(40) for view in ("visual", "blind", "mismatched")]
    test = summarise(rows, [load_suite("scenes")])["suites"]["scenes"]["splits"]["test"]
    assert list(test["checks"]) == ["visual", "blind", "mismatched"]
    found = test["categories"]["Knowledge"]["differences"]
    for tested in (found["visual_minus_blind"], found["visual_minus_blind"]["mcnemar"]):
        assert tested["holm"] == pytest.approx(2 * tested["p_value"])
    assert found["mismatched_minus_blind"]["holm"] == 1
    assert found["visual_minus_blind"]["power"]["power"] == 1
    assert "holm" not in test["mean"]["differences"]["visual_minus_blind"]


def test_other_views_than_three_are_scored() -> None:
    rows = [answer(number, view) for number in range(4) for view in ("blank", "visual")]
    mean = summarise(rows, [load_suite("scenes")])["suites"]["scenes"]["splits"]["test"]["mean"]
    assert list(mean["views"]) == ["visual", "blank"]
    assert list(mean["differences"]) == ["visual_minus_blank"]
    assert mean["differences"]["visual_minus_blank"]["mcnemar"]["p_value"] == 0.125


def test_scores_between_wrong_and_right_are_averaged() -> None:
    rows = [answer(number, "visual", correct=False, score=0.3) for number in range(4)]
    mean = summarise(rows, [load_suite("scenes")])["suites"]["scenes"]["splits"]["test"]["mean"]
    assert mean["views"]["visual"]["value"] == pytest.approx(0.3)


def test_a_group_counts_as_one() -> None:
    """MME: an image is worth the mean of its accuracy and accuracy+."""
    pair = [answer(0, group="i0", chance=0.5), answer(1, group="i0", chance=0.5, correct=False)]
    (item,) = items(pair, MmePairs())
    assert (item.question_id, item.score, item.correct) == ("i0", 0.25, False)
    assert item.chance == pytest.approx(0.375)
    assert items([dataclasses.replace(pair[0], group="")], load_suite("scenes").metric)[0].question_id == "q000"
