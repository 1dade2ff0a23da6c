"""CircularEval: a question is asked once for each order of its choices, turned round by one, and all must be right.

MMBench, Liu et al. 2023, arXiv 2307.06281, section 4.2: N passes for N choices, in each of which every choice stands
in another place, so that neither a liked letter nor luck passes.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar, Literal

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question


class CircularAccuracy(Metric):
    """1 or 0 for a pass; a question is worth the product of its passes."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.circular:CircularAccuracy"
    grouped: ClassVar[bool] = True

    type: Literal["circular"] = "circular"

    def score(self, question: Question, given: Given) -> float:
        """Whether the choice is right in this pass."""
        return float(given.choice == question.correct)

    def asked(self, question: Question) -> list[Question]:
        """The question in each order of its choices, the first as stated; named by how far they are turned."""
        choices = question.choices
        return [
            dataclasses.replace(
                question,
                question_id=f"{question.question_id}@{turn}",
                choices=[*choices[turn:], *choices[:turn]],
                group=question.question_id,
                cluster=question.cluster or question.image_id,
            )
            for turn in range(len(choices))
        ]

    def item(self, scores: Sequence[float]) -> float:
        """Whether every pass is right; by chance, that of guessing right each time."""
        return math.prod(scores)
