"""Relaxed accuracy: a number may be 5 % off, any other answer must be exact (ChartQA, Masry et al. 2022).

ChartQA, arXiv 2203.10244, section 5.1, after PlotQA (Methani et al. 2020, arXiv 1909.00997, section 5).
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.metrics.text import number, plain


class RelaxedAccuracy(Metric):
    """1 or 0; percentages count as hundredths, and zero must be exact."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.relaxed:RelaxedAccuracy"

    type: Literal["relaxed"] = "relaxed"
    tolerance: float = Field(0.05, ge=0, description="share of the right number by which an answer may differ")

    def score(self, question: Question, given: Given) -> float:
        """Whether the text is near enough to an accepted answer."""
        return float(any(self._near(given.text, answer) for answer in question.accepted))

    def _near(self, text: str, answer: str) -> bool:
        value, expected = number(plain(text)), number(plain(answer))
        if value is None or not expected:
            return plain(text) == plain(answer) or (value is not None and value == expected)
        return abs(value - expected) <= self.tolerance * abs(expected)
