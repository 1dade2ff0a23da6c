"""ANLS: how near a text is to an accepted answer, by edits; less than half as near counts as wrong.

Average Normalised Levenshtein Similarity of ST-VQA (Biten et al. 2019, arXiv 1905.13648, section 3.2), as DocVQA uses
it: 1 - edits / length of the longer text, 0 where that is below the threshold of 0.5; the best accepted answer counts.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.artifacts.metric import Given, Metric
from inkling.components.artifacts.questions import Question


class NormalisedLevenshtein(Metric):
    """From 0 to 1, in lower case, with single spaces."""

    target: ClassVar[str] = "inkling.components.evaluate.metrics.anls:NormalisedLevenshtein"

    type: Literal["anls"] = "anls"
    threshold: float = Field(0.5, ge=0, le=1, description="similarity below which an answer is worth nothing")

    def score(self, question: Question, given: Given) -> float:
        """The similarity to the nearest accepted answer."""
        text = _bare(given.text)
        nearest = max(similarity(text, _bare(answer)) for answer in question.accepted)
        return nearest if nearest >= self.threshold else 0.0


def similarity(one: str, other: str) -> float:
    """1 - edits / characters of the longer text; 1 for two empty ones."""
    longer = max(len(one), len(other))
    return 1 - edits(one, other) / longer if longer else 1.0


def edits(one: str, other: str) -> int:
    """The least number of characters to insert, delete or replace between two texts (Levenshtein 1966)."""
    row = list(range(len(other) + 1))  # row[j]: edits from what was read of `one` to other[:j]
    for index, character in enumerate(one, 1):
        diagonal, row[0] = row[0], index
        for place, wanted in enumerate(other, 1):
            replaced = diagonal + (character != wanted)
            diagonal, row[place] = row[place], min(replaced, row[place] + 1, row[place - 1] + 1)
    return row[-1]


def _bare(text: str) -> str:
    return " ".join(text.split()).lower()
