"""Containment: an accepted answer stands anywhere in the text (OCRBench, Liu et al. 2023, arXiv 2305.07895, section 3).

OCRBench counts an answer as right when the text contains it, both in lower case; in handwritten formulas spaces do not
count, and case does. MM-Vet writes alternatives as `a<OR>b` and parts that must all be there as `a<AND>b`.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question

_OR, _AND = "<OR>", "<AND>"


class Containment(Metric):
    """1 where all parts of an accepted answer stand in the text, else 0."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.contains:Containment"

    type: Literal["contains"] = "contains"
    formulas: tuple[str, ...] = Field((), description="families whose answers are formulas: spaces do not count")

    def score(self, question: Question, given: Given) -> float:
        """Whether an accepted answer stands in the text."""
        formula = question.family in self.formulas
        text = _bare(given.text, formula)
        return float(
            any(
                all(_bare(part, formula) in text for part in alternative.split(_AND))
                for answer in question.accepted
                for alternative in answer.split(_OR)
            )
        )


def _bare(text: str, formula: bool) -> str:
    if formula:
        return "".join(text.split())
    return " ".join(text.split()).lower()
