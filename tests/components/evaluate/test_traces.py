"""Depth counts words and different sentences, soundness what a judge decided, both beside the blind view."""

import pytest

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.traces import Trace, measure, swapped, traces_of
from inkling.components.shared.statistics.depth import sentences, words

CHOICES = ["red", "green"]


def question(number: int, split: str = "test") -> Question:
    return Question(
        f"q{number}", f"i{number}", "other", f"Which {number}?", CHOICES, "red", "General", "kind", "none", split
    )


def answer(number: int, view: str, text: str, split: str = "test") -> Answer:
    return Answer(
        f"q{number}", view, (), 0, True, f"i{number}", "General", "kind", "none", 0.5, split, method="explain",
        text=text, order=(1, 0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", (0, 0)),
        (" ... !", (0, 0)),
        ("It's a well-known fact. The answer is B.", (8, 2)),
        ("The cat sat. The cat sat. the CAT sat.", (9, 1)),
        ("One\ntwo; three", (3, 3)),
    ],
)
def test_words_and_different_sentences(text: str, counted: tuple[int, int]) -> None:
    assert (words(text), sentences(text)) == counted


def test_depth_and_soundness_have_intervals_and_a_blind_control() -> None:
    questions = [question(number) for number in range(12)] + [question(99, "validation")]
    said = {"visual": "I see it. So it is red because it looks so.", "blind": "Red."}
    answers = [
        answer(number, view, f"{text}{' yes' * (number % 3)} w{number}")
        for view, text in said.items()
        for number in range(12)
    ]
    answers.append(answer(99, "visual", "left aside", "validation"))
    traces = traces_of(answers[:-1], questions)
    verdicts = {one: "because" in one.text for name, one in traces.items() if name[1] != "q3"}
    verdicts |= dict.fromkeys(swapped(traces).values(), False)
    found = measure(answers, questions, verdicts)["scenes"]
    visual, blind = found["views"]["visual"], found["views"]["blind"]
    assert (visual["explained"], visual["empty"], visual["undecided"]) == (12, 0, 1)
    assert visual["depth"]["value"] == 13 and blind["depth"]["value"] == 3
    assert visual["depth"]["low"] < 13 < visual["depth"]["high"]
    assert visual["soundness"]["value"] == 1 and visual["soundness"]["questions"] == 11
    difference = found["differences"]["visual_minus_blind"]
    assert difference["depth"] == {"value": 10.0, "low": 10.0, "high": 10.0, "questions": 12, "images": 12}
    assert difference["soundness"]["value"] == 1 and difference["soundness"]["questions"] == 11
    assert found["of_another_question"]["value"] == 0 and found["of_another_question"]["questions"] == 12
    alone = measure(answers, questions, None)["scenes"]
    assert alone["views"]["visual"]["depth"] == visual["depth"]
    assert alone["views"]["visual"]["soundness"] is None and alone["of_another_question"] is None


def test_explanations_change_places_among_questions_of_other_words() -> None:
    traces = {("scenes", f"q{number}", "visual"): Trace("Same?", (), str(number)) for number in range(3)}
    assert swapped(traces) == {}
    traces["scenes", "q9", "visual"] = Trace("Other?", (), "9")
    found = swapped(traces)
    assert {found["scenes", f"q{number}"].text for number in range(3)} == {"9"}
    assert found["scenes", "q9"].question == "Other?" and found["scenes", "q9"].text != "9"
