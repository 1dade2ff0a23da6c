"""How answers to a suite's questions become scores: the contract of a metric, and the registry that suites name it in.

The metrics themselves lie with the stage that scores, a file each, in `components/evaluate/metrics`; the registry is
here because a suite names its metric wherever it is read, and finds it by the folder's name alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from inkling.components.artifacts.questions import Question
from inkling.models.spec import Registry, Spec


@dataclass(frozen=True)
class Given:
    """What a model answered to a question.

    Attributes:
        text: What it generated, or the text of the choice that it chose.
        choice: Index of the choice; None where it cannot be decided, and where the question is open.
    """

    text: str
    choice: int | None = None


class Metric(Spec, ABC):
    """What an answer is worth, and which questions count as one.

    A metric is its own spec: `target` names the class itself, and `score` needs nothing heavy. It scores words as they
    are given; finding the choice that a generated text means is the work of whoever asks.

    Attributes:
        grouped: Whether the questions of a group are one item, as `item` says; else each question is one.
    """

    runs_in_model: ClassVar[bool] = False
    trainable: ClassVar[bool] = False
    grouped: ClassVar[bool] = False

    @abstractmethod
    def score(self, question: Question, given: Given) -> float:
        """What the answer to one question is worth, from 0 to 1."""

    def asked(self, question: Question) -> list[Question]:
        """The questions as which one of a suite's rows is asked: itself by default.

        Args:
            question: A question as its row states it.
        """
        return [question]

    def item(self, scores: Sequence[float]) -> float:
        """What the questions of one group are worth together, from their scores; from their chances, by chance.

        Raises:
            ValueError: If their number cannot be that of a group.
        """
        return sum(scores) / len(scores)

    def total(self, scores: Mapping[str, float], groups: Mapping[str, str]) -> dict[str, float]:
        """The items whose mean is the suite's score.

        The chances of the questions in place of their scores give the chance of each item.

        Args:
            scores: What the answer to each question is worth, by question.
            groups: The group of each question; empty where it is of none.

        Returns:
            The score of each item by its group, or by its question where that is no group's.
        """
        members: dict[str, list[float]] = {}
        for question, score in scores.items():
            members.setdefault((self.grouped and groups.get(question, "")) or question, []).append(score)
        return {name: self.item(found) if self.grouped else found[0] for name, found in members.items()}


METRICS = Registry("metric", "inkling.components.evaluate.metrics", Metric)
