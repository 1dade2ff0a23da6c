"""The answering procedures: what each asks a model, which choice its replies are, and what it refuses."""

import dataclasses
from collections.abc import Sequence

import pytest

from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.contract import Asked, Reply
from inkling.components.evaluate.inference import METHODS

QUESTION = Question("q", "i", "j", "What is it?", ["a cat", "dog"], "dog", "General", "kind", "none", "test")
ASKED = Asked(QUESTION, (1, 0))
LISTED = "What is it?\nA. dog\nB. a cat\nAnswer with the option's letter from the given choices directly."


class Model:
    """Scores by a table and says one sentence; keeps what it was asked."""

    def __init__(self, scores: dict[str, float] | None = None, says: str = "") -> None:
        self.scores, self.says, self.asked = scores or {}, says, list[str]()

    def prompt_length(self, question: str) -> int:
        return len(question)

    def answer_tokens(self, answer: str) -> list[int]:
        return [ord(character) for character in answer]

    def score(self, questions: Sequence[str], choices: Sequence[Sequence[str]], images: object) -> list[list[float]]:
        self.asked += questions
        return [[self.scores[choice] for choice in group] for group in choices]

    def generate(self, questions: Sequence[str], limits: Sequence[int], images: object) -> list[str]:
        self.asked += questions
        return [self.says] * len(questions)


def replied(method: str, model: Model) -> Reply:
    return METHODS.read(method).build().reply(model, [ASKED], None)[0]


def test_the_sum_decides_over_all_tokens() -> None:
    model = Model({"dog": -2.0, "a cat": -3.0})
    assert replied("likelihood", model) == Reply((-2.0, -3.0), choice=0)
    assert model.asked == ["What is it?"]


def test_by_the_byte_long_choices_are_at_no_disadvantage() -> None:
    assert replied("likelihood-bytes", Model({"dog": -2.0, "a cat": -3.0})) == Reply((-2.0, -3.0), choice=1)


def test_letters_are_scored_below_the_listed_choices() -> None:
    model = Model({"A": -2.0, "B": -1.0})
    assert replied("likelihood-letters", model) == Reply((-2.0, -1.0), choice=1)
    assert model.asked == [LISTED]


def test_a_generated_text_is_read_as_a_choice() -> None:
    model = Model(says="It is (B).")
    assert replied("generate", model) == Reply(text="It is (B).", choice=1)
    assert model.asked == [LISTED]
    assert replied("generate", Model(says="I cannot tell.")).choice is None


def test_letters_that_are_no_single_tokens_are_refused() -> None:
    method = METHODS.read("likelihood-letters").build()
    method.check(Model(), [ASKED])
    several, unknown = Model(), Model()
    several.answer_tokens = lambda answer: [1, 2] if answer == "B" else [1]  # type: ignore[method-assign]
    unknown.answer_tokens = lambda answer: [0]  # type: ignore[method-assign]
    for model, problem in ((several, "B are not single tokens"), (unknown, "several letters are one token")):
        with pytest.raises(ValueError, match=f"letters A to B: {problem}. Use method 'likelihood'"):
            method.check(model, [ASKED])


@pytest.mark.parametrize("name", ["likelihood-letters", "generate"])
def test_more_choices_than_letters_are_refused(name: str) -> None:
    many = dataclasses.replace(QUESTION, choices=["dog", *map(str, range(26))])
    with pytest.raises(ValueError, match="question q has 27 choices, more than there are letters"):
        METHODS.read(name).build().check(Model(), [Asked(many, tuple(range(27)))])


def test_the_default_method_is_not_written_into_settings() -> None:
    assert "method" not in EvaluateConfig().settings()
    assert EvaluateConfig.parse({"evaluate": {"method": "generate"}}).settings()["method"]["type"] == "generate"
