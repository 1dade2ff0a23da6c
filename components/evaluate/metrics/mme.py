"""MME's accuracy and accuracy+: each image has two questions, one whose answer is yes and one whose answer is no.

Fu et al. 2023, arXiv 2306.13394, section 2.3: accuracy counts questions, accuracy+ images both of whose questions are
right, and a subtask's score is the sum of both in percent. An item here is an image, worth the mean of the two, so that
200 times the mean over a subtask's images is its score in the paper.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question

_PAIR = 2


class MmePairs(Metric):
    """1 or 0 for a question; an image is worth the mean of its accuracy and of its accuracy+."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.mme:MmePairs"
    grouped: ClassVar[bool] = True

    type: Literal["mme"] = "mme"

    def score(self, question: Question, given: Given) -> float:
        """Whether the choice is right; neither yes nor no is wrong."""
        return float(given.choice == question.correct)

    def item(self, scores: Sequence[float]) -> float:
        """The mean of accuracy and accuracy+ of an image's two questions; by chance 0.375 for two fair guesses."""
        if len(scores) != _PAIR:
            raise ValueError(f"MME asks two questions of an image, and one has {len(scores)}")
        first, second = scores
        return ((first + second) / 2 + first * second) / 2
