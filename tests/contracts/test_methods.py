"""What holds for every answering procedure: a reply a question, in its order, whose choice is one of those given."""

from collections.abc import Sequence

import numpy as np
import pytest

from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.contract import Asked, Method
from inkling.components.evaluate.inference import METHODS
from inkling.models.inference.answering import Answering
from inkling.tests.components.evaluate.tiny import tiny_answering

NAMES = METHODS.names()
WORDS = ["red", "green", "blue", "black"]


class Scripted:
    """A model whose scores and words depend on the question alone; is `Answering`."""

    def prompt_length(self, question: str) -> int:
        """Characters of the question."""
        return len(question)

    def answer_tokens(self, answer: str) -> list[int]:
        """One token a word."""
        return [sum(map(ord, word)) for word in answer.split()]

    def score(
        self, questions: Sequence[str], choices: Sequence[Sequence[str]], images: Sequence[str] | None
    ) -> list[list[float]]:
        """Seeded by the question and what it is asked with."""
        draw = [np.random.default_rng(len(question) + (images is None)) for question in questions]
        return [list(-one.random(len(group))) for one, group in zip(draw, choices, strict=True)]

    def generate(self, questions: Sequence[str], limits: Sequence[int], images: Sequence[str] | None) -> list[str]:
        """A letter, a word, or nothing that means a choice."""
        return [("B", "It is black.", "I cannot tell.")[len(question) % 3] for question in questions]


@pytest.fixture(params=NAMES)
def method(request: pytest.FixtureRequest) -> Method:
    return METHODS.read(request.param).build()


@pytest.fixture
def model(method: Method) -> Answering:
    """What the method is tried on: a tiny network where it changes what runs inside."""
    return tiny_answering(["Which", "colour", *WORDS]) if method.spec.opens_model else Scripted()


def asked(count: int) -> list[Asked]:
    """Questions of different lengths, their choices turned round."""
    questions = [
        Question(f"q{number}", "i", "j", "Which colour" + "?" * number, WORDS, "red", "c", "f", "none", "test")
        for number in range(count)
    ]
    return [Asked(question, tuple(np.roll(range(4), index))) for index, question in enumerate(questions)]


def test_there_are_methods() -> None:
    assert {"likelihood", "likelihood-bytes", "likelihood-letters", "generate"} <= set(NAMES)


def test_each_question_has_a_reply_that_chooses_or_says_that_it_cannot(method: Method, model: Answering) -> None:
    questions = asked(9)
    method.check(model, questions)
    replies = method.reply(model, questions, ["i"] * 9)
    assert len(replies) == 9
    for reply in replies:
        assert reply.choice is None or 0 <= reply.choice < 4
        assert len(reply.log_likelihoods) == (4 if method.spec.scores else 0)
        assert method.spec.scores or reply.text


@pytest.mark.parametrize("images", [None, ["a", "b", "a", "b", "c"]], ids=["blind", "visual"])
def test_a_reply_does_not_depend_on_the_questions_beside_it(
    method: Method, model: Answering, images: list[str] | None
) -> None:
    questions = asked(5)
    together = method.reply(model, questions, images)
    for row, one in enumerate(questions):
        (alone,) = method.reply(model, [one], None if images is None else [images[row]])
        assert (alone.choice, alone.text) == (together[row].choice, together[row].text)
        assert alone.log_likelihoods == pytest.approx(together[row].log_likelihoods, abs=1e-4)


def test_the_prompt_holds_the_question_and_its_choices_in_their_order_if_it_lists_them(method: Method) -> None:
    one = asked(2)[1]
    prompt = method.prompt(one)
    assert one.question.question in prompt
    listed = [f"{letter}. {choice}" for letter, choice in zip("ABCD", one.choices, strict=True)]
    assert [line for line in prompt.splitlines() if line[1:2] == "."] == (listed if method.lettered else [])


def test_the_spec_is_read_back(method: Method) -> None:
    assert METHODS.read(method.spec.model_dump(mode="json")) == method.spec
