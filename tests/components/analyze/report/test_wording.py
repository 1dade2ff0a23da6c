"""Nothing is said that an interval does not support."""

import copy
from typing import Any

import pytest

from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.analyze.gather import Inputs, gather
from inkling.components.analyze.report.overview import cards, headline, learned, verdict
from inkling.components.analyze.report.text import text_section
from inkling.components.analyze.report.wording import compared, interval, points_interval, probability


@pytest.fixture(scope="module")
def findings(made_run) -> dict[str, Any]:
    return gather(AnalyzeConfig(samples=2), Inputs(**made_run.made))


def with_interval(findings: dict[str, Any], low: float, high: float) -> dict[str, Any]:
    """The findings with another interval of the gain and of the difference between the models."""
    changed = copy.deepcopy(findings)
    test = changed["suites"]["scenes"]["scores"]["test"]
    for estimate in (
        test["pretrained"]["mean"]["differences"]["visual_minus_blind"],
        test["pretrained"]["mean"]["differences"]["visual_minus_mismatched"],
        test["pretrained"]["mean"]["differences"]["mismatched_minus_blind"],
        test["pretrained_minus_no_pretraining"]["mean"]["visual"],
    ):
        estimate.update(value=(low + high) / 2, low=low, high=high)
    return changed


@pytest.mark.parametrize(
    ("low", "high", "seen", "text", "leak"),
    [
        (0.01, 0.2, "The image was used", "the pre-trained model was better", "leaking"),
        (-0.2, -0.01, "The image did harm", "the no-pretraining baseline was better", "misleads"),
        (-0.01, 0.2, "cannot be told", "does not tell the two models apart", "No sign"),
        (0.0, 0.2, "cannot be told", "does not tell the two models apart", "No sign"),
    ],
)
def test_statements_follow_the_interval(
    findings: dict[str, Any], low: float, high: float, seen: str, text: str, leak: str
) -> None:
    changed = with_interval(findings, low, high)
    assert seen in headline(changed["suites"]["scenes"])
    assert text in text_section(changed)
    assert any(leak in card for card in cards(changed))


def test_an_image_that_helps_whatever_it_shows_was_not_used(findings: dict[str, Any]) -> None:
    changed = with_interval(findings, 0.1, 0.2)
    cell = changed["suites"]["scenes"]["scores"]["test"]["pretrained"]["mean"]
    for low, high, said in ((0.1, 0.2, "was used"), (-0.1, 0.1, "not shown"), (-0.2, -0.1, "not used")):
        cell["differences"]["visual_minus_mismatched"].update(low=low, high=high)
        assert said in verdict(cell)


def test_statements_exclude_each_other() -> None:
    said = {
        compared({"low": low, "high": high}, "+", "-", "?") for low, high in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1))
    }
    assert said == {"+", "-", "?"}


def test_without_an_interval_nothing_is_claimed() -> None:
    alone = {"value": 0.5, "low": None, "high": None}
    assert compared(alone, "+", "-", "?") == "?"
    assert points_interval(alone) == "+50.0"
    assert interval(alone) == "without an interval, for all questions are about one image"


def test_numbers_as_printed() -> None:
    estimate = {"value": 0.12345, "low": -0.0004, "high": 0.25}
    assert points_interval(estimate) == "+12.3 [-0.0, +25.0]"
    assert probability(0.0004) == "< 0.001"
    assert probability(0.04) == "0.040"


def test_a_source_counts_as_learned_only_if_its_interval_is_below() -> None:
    def entry(high: float) -> dict[str, Any]:
        return {"model_perplexity": 50.0, "interval": [40.0, high], "unigram_perplexity": 100.0}

    assert learned({"a": entry(99), "b": entry(101)}) == (pytest.approx(2.0), 1, 2)
