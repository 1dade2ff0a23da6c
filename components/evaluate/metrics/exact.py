"""Exact match: the text is an accepted answer, in lower case, without a full stop (GQA, Hudson and Manning 2019).

GQA (arXiv 1902.09506, section 4.4) counts an answer as right when it is the same word.
"""

from typing import ClassVar, Literal

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.metrics.text import plain


class ExactMatch(Metric):
    """1 or 0, with choices too: what counts is the text."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.exact:ExactMatch"

    type: Literal["exact"] = "exact"

    def score(self, question: Question, given: Given) -> float:
        """Whether the text is an accepted answer."""
        return float(plain(given.text) in {plain(answer) for answer in question.accepted})
