"""The page of scores has every statistic of a model whatever views it was asked in, and says what is missing."""

from collections.abc import Sequence

import numpy as np
import pytest

from inkling.components.analyze.contamination import Overlap
from inkling.components.analyze.results.scores import scores_page
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import load_suite
from inkling.components.evaluate.summary import summarise

SUITE = load_suite("scenes")
SAID = "Which of the four things below is drawn in this picture"
QUESTIONS = [
    Question(
        question_id=f"q{number}", image_id=f"i{number % 20}", mismatched_image_id="i0",
        question=f"{SAID} number {number}?" if number % 2 else "Is it there?",
        choices=["red", "green", "blue", "black"] if number % 2 else ["yes", "no"],
        answer="red" if number % 2 else "yes",
        category="General" if number % 2 else "Existence", family="colour" if number % 2 else "existence",
        size_bucket="none", split="test", suite="scenes",
    )
    for number in range(60)
]  # fmt: skip


def answered(views: Sequence[str], generated: bool = False) -> list[Answer]:
    random = np.random.default_rng(0)
    return [
        Answer(
            one.question_id, view, () if generated else tuple(values), choice, choice == one.correct, one.image_id,
            one.category, one.family, "none", one.chance, "test", suite="scenes",
            method="generate" if generated else "likelihood", text=one.choices[choice] if generated else "",
            score=float(choice == one.correct), order=tuple(range(len(one.choices))), right=one.correct,
        )
        for view in views
        for one in QUESTIONS
        for values in [random.normal(size=len(one.choices)).tolist()]
        for choice in [int(np.argmax(values))]
    ]  # fmt: skip


def page(answers: list[Answer], seen: Overlap | None = None, missing: str = "") -> str:
    return scores_page("<mine>", summarise(answers, [SUITE]), [SUITE], answers, QUESTIONS, {}, seen, missing)


def test_each_statistic_of_the_summary_stands_on_the_page() -> None:
    answers = answered(["visual", "blind", "mismatched"])
    found = page(answers)
    scores = summarise(answers, [SUITE])["suites"]["scenes"]["splits"]["test"]
    difference = scores["categories"]["General"]["differences"]["visual_minus_blind"]
    for text in (
        "What &lt;mine&gt; answers",
        f"{100 * scores['mean']['views']['visual']['value']:.1f} [",
        f"{100 * difference['value']:+.1f} [",
        f'<td class="number">{difference["mcnemar"]["p_value"]:.3f}</td>',
        f'<td class="number">{difference["holm"]:.3f}</td>',
        f'<td class="number">{difference["power"]["power"]:.2f}</td>',
        f"{scores['checks']['visual']['calibration']['ece']:.3f}",
        "Vision-indispensable",
        "existence, the model",
    ):
        assert text in found, text
    assert "Partial" not in found and "the text is not known here" in found


@pytest.mark.parametrize("views", [["visual"], ["blind"], ["visual", "mismatched"], ["blind", "blank"]])
def test_any_views_will_do(views: list[str]) -> None:
    found = page(answered(views))
    assert ("Smallest difference" in found) == ({"visual", "blind"} <= set(views))
    assert ("Vision-indispensable" in found) == ("blind" in views)
    assert all(f">{view.capitalize()}</th>" in found for view in views)


def test_generated_blind_answers_are_counted_and_what_is_missing_is_said() -> None:
    found = page(answered(["visual", "blind"], generated=True), missing="3 of 60")
    assert "generated answers without the image" in found and "Partial: 3 of 60" in found


def test_overlap_with_the_text_stands_beside_the_score() -> None:
    seen = Overlap(frozenset({"is drawn in this picture number 1 red"}), words=100, whole=True)
    found = page(answered(["visual", "blind"]), seen)
    assert "1 of 60 questions share 8 words in a row with it" in found and "% without those" in found
