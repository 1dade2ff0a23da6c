"""Pairs of twins: found by what their questions share, right where both are, and shown with what guessing gives."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.analyze.gather import Inputs, gather
from inkling.components.analyze.report.page import render
from inkling.components.analyze.twins import paired_accuracy, twin_pairs
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question

CHOICES = ["red", "green", "blue", "pink"]
PAIRS = 8


def questions() -> list[Question]:
    """Eight pairs of twins, and a question that stands alone."""
    found = []
    for number in range(PAIRS):
        for twin, answer in (("", "red"), ("-twin", "blue")):
            found.append(
                Question(
                    question_id=f"q{number}{twin}", image_id=f"i{number}{twin}", mismatched_image_id="other",
                    question="Which colour is it?", choices=CHOICES, answer=answer, category="Twin", family="twin",
                    size_bucket="none", split="test", cluster=f"i{number}",
                )
            )  # fmt: skip
    return [*found, replace(found[0], question_id="alone", image_id="alone", cluster="")]


def answers(right: int, view: str = "visual") -> list[Answer]:
    """Answers of a model that is right of both of so many pairs, of one of two others, and else says red to all."""
    found = []
    for place, question in enumerate(questions()):
        chosen = question.correct if place // 2 < right else 0
        found.append(
            Answer(
                question.question_id, view, (0.0,) * 4, chosen, chosen == question.correct,
                question.cluster or question.image_id, "Twin", "twin", "none", 0.25, "test",
            )
        )  # fmt: skip
    return found


def test_a_pair_is_one_question_about_two_pictures_with_two_answers() -> None:
    asked = questions()
    assert [(first.question_id, second.question_id) for first, second in twin_pairs(asked)] == [
        (f"q{number}", f"q{number}-twin") for number in range(PAIRS)
    ]
    same_answer = [replace(asked[0], cluster="c"), replace(asked[2], cluster="c")]
    same_picture = [replace(asked[0], cluster="c"), replace(asked[1], cluster="c", image_id=asked[0].image_id)]
    of_three = [replace(one, cluster="c") for one in asked[:3]]
    for others in (same_answer, same_picture, of_three, asked[:1], []):
        assert twin_pairs(others) == []


def test_a_pair_counts_where_both_are_right_and_never_for_who_says_the_same() -> None:
    found = paired_accuracy(questions(), {"pretrained": [*answers(6), *answers(0, "blind")]})["pretrained"]
    seen, blind = found["visual"], found["blind"]
    assert (seen["value"], seen["questions"], blind["value"]) == (0.75, PAIRS, 0.0)
    assert seen["low"] < 0.75 < seen["high"] and blind["low"] == 0.0 < blind["high"]
    assert paired_accuracy(questions()[-1:], {"pretrained": answers(6)}) == {}


def test_the_report_has_a_section_where_a_suite_asks_about_twins(made_run: Any) -> None:
    findings = gather(AnalyzeConfig(samples=2), Inputs(**made_run.made))
    pictures = made_run.made["questions"].images()
    assert findings["suites"]["scenes"]["twins"] == {}
    assert "Does one change in the picture change the answer?" not in render(findings, pictures)
    asked = copy.deepcopy(findings)
    both = {"pretrained": answers(6), "no_pretraining": answers(1)}
    asked["suites"]["scenes"]["twins"] = paired_accuracy(questions(), both)
    page = render(asked, pictures)
    assert "pairs of twins of which both are answered rightly" in page
    for model in both:
        low, high = (100 * asked["suites"]["scenes"]["twins"][model]["visual"][end] for end in ("low", "high"))
        assert f"[{low:.1f}, {high:.1f}]" in page


def test_word_match_stands_beside_the_answers_of_each_family(made_run: Any) -> None:
    findings = gather(AnalyzeConfig(samples=2), Inputs(**made_run.made))
    (match,) = findings["suites"]["scenes"]["word_match"]["pretrained"].values()
    visual = findings["suites"]["scenes"]["scores"]["test"]["pretrained"]["families"]["object"]["views"]["visual"]
    assert match["model_minus_match"]["value"] == pytest.approx(visual["value"] - match["value"])
    page = render(findings, made_run.made["questions"].images())
    assert "beside word match in per cent" in page and "Visual - word match" in page
