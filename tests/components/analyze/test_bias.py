"""Whether a model says one word to every question."""

from inkling.components.analyze.bias import first_choice
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.models.sequence.views import VIEWS


def ask(index: int, family: str, choices: list[str], answer: str) -> Question:
    return Question(f"{family}{index}", "i", "j", "What?", choices, answer, "General", family, "none", "test")


def say(question: Question, word: str, view: str) -> Answer:
    choice = question.choices.index(word)
    return Answer(question.question_id, view, (), choice, False, "i", "General", question.family, "none", 0.5, "test")


def test_shares_hold_whatever_the_order_of_choices() -> None:
    questions = [
        ask(0, "exist", ["yes", "no"], "yes"),
        ask(1, "exist", ["no", "yes"], "yes"),
        ask(2, "exist", ["yes", "no"], "no"),
        ask(3, "exist", ["no", "yes"], "no"),
    ]
    answers = [say(one, "yes" if view == "visual" else "no", view) for one in questions for view in VIEWS]
    told = first_choice(questions, {"model": answers})["exist"]
    assert (told["choice"], told["right"]) == ("yes", 0.5)
    assert {view: share["value"] for view, share in told["model"].items()} == {
        "visual": 1.0,
        "blind": 0.0,
        "mismatched": 0.0,
    }


def test_only_families_with_one_pair_of_choices_count() -> None:
    questions = [
        ask(0, "object", ["cat", "dog", "bird"], "cat"),
        ask(0, "pairs", ["left", "right"], "left"),
        ask(1, "pairs", ["up", "down"], "up"),
    ]
    assert first_choice(questions, {}) == {}
