"""Accuracy: the chosen choice is the right one; of an open question the text is an accepted answer.

Scores of choices as every multiple-choice benchmark has them. Texts are compared in lower case, numbers as numbers, as
in MathVista's `safe_equal` (Lu et al. 2023, arXiv 2310.02255).
"""

from typing import ClassVar, Literal

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.metrics.text import number, plain


class Accuracy(Metric):
    """1 or 0; an answer that cannot be decided is wrong."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.accuracy:Accuracy"

    type: Literal["accuracy"] = "accuracy"

    def score(self, question: Question, given: Given) -> float:
        """Whether the choice is right, or the text an accepted answer."""
        if question.choices:
            return float(given.choice == question.correct)
        return float(any(_same(given.text, answer) for answer in question.answers))


def _same(text: str, answer: str) -> bool:
    if plain(text) == plain(answer):
        return True
    value, expected = number(text), number(answer)
    return value is not None and value == expected
