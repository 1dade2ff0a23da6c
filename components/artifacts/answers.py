"""The Answers artifact: what a model answered to each question in each view, and the scores of these answers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.suite import SCENES
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.models.sequence.views import View

ANSWERS, SUMMARY = "answers", "summary.json"
_SCHEMA = pa.schema(
    {
        "question_id": pa.string(),
        "view": pa.string(),
        "log_likelihoods": pa.list_(pa.float64()),
        "choice": pa.int32(),
        "correct": pa.bool_(),
        "image_id": pa.string(),
        "category": pa.string(),
        "family": pa.string(),
        "size_bucket": pa.string(),
        "chance": pa.float64(),
        "split": pa.string(),
        "method": pa.string(),
        "text": pa.string(),
        "score": pa.float64(),
        "group": pa.string(),
        "order": pa.list_(pa.int32()),
        "right": pa.int32(),
    }
)

BY_LIKELIHOOD = "likelihood"
"""The method whose log-likelihoods are those of the choices as they stand."""
_LISTS = ("log_likelihoods", "order")


@dataclass(frozen=True)
class Answer:
    """The answer to one question in one view.

    Attributes:
        question_id: The question.
        view: "visual" (its image), "blind" (no image), "mismatched" (another image) or "blank" (a plain grey one).
        log_likelihoods: Log-likelihood of each choice, or of its letter, in nats, in the question's order of choices;
            empty for a generated answer.
        choice: Index of the chosen one, among equals decided by the seeded order of asking; -1 for an open question,
            and where a generated answer is undecidable.
        correct: Whether the answer is right: its score is 1.
        image_id: The cluster of the question in every view: its own image, or what its suite says questions share.
        category: One of the suite's categories.
        family: Family of questions within the category.
        size_bucket: "small", "medium" or "large" where an object's size matters, else "none".
        chance: Probability that a blind guess is right.
        split: "validation" or "test".
        suite: Name of the suite; the name of the file, not a column.
        method: How it was found: the name of the answering procedure; "generate" for every open question.
        text: What the model generated; empty where choices were scored.
        score: What the suite's metric gives it, in [0, 1]; 1 or 0 as `correct` says where not stated.
        group: Questions of one group count as one, right when all are; empty for none.
        order: Position i was given choice `order[i]`; empty for an open question.
        right: Index of the right choice; -1 for an open question.
    """

    question_id: str
    view: str
    log_likelihoods: tuple[float, ...]
    choice: int
    correct: bool
    image_id: str
    category: str
    family: str
    size_bucket: str
    chance: float
    split: str
    suite: str = SCENES
    method: str = BY_LIKELIHOOD
    text: str = ""
    score: float = math.nan
    group: str = ""
    order: tuple[int, ...] = ()
    right: int = -1

    def __post_init__(self) -> None:
        """Scores a right answer 1 and a wrong one 0, unless a score is stated."""
        if math.isnan(self.score):
            object.__setattr__(self, "score", float(self.correct))


class Answers(Artifact):
    """One model's answers to the questions of all suites in all views: a table a suite, and the scores of all."""

    type: ClassVar[str] = "Answers"
    schema: ClassVar[int] = 4

    def suites(self) -> list[str]:
        """Names of the suites, sorted."""
        return sorted(path.stem for path in (self.path / ANSWERS).glob("*.parquet"))

    def answers(self, view: View | None = None, split: str | None = None, suite: str | None = None) -> list[Answer]:
        """The answers of a view, a split and a suite (all where None), suite by suite in the order of the questions."""
        return [
            Answer(**{**row, **{column: tuple(row[column]) for column in _LISTS}}, suite=name)
            for name in self.suites()
            if suite in (None, name)
            for row in pq.read_table(self.path / ANSWERS / f"{name}.parquet").to_pylist()
            if view in (None, row["view"]) and split in (None, row["split"])
        ]

    def choices(self, view: View) -> dict[str, int]:
        """Index of the chosen choice, by question."""
        return {answer.question_id: answer.choice for answer in self.answers(view)}

    def summary(self) -> dict[str, Any]:
        """The scores of each suite, as `evaluate` computed them."""
        return self.read_json(SUMMARY)


def write_answers(directory: Path, answers: Iterable[Answer], summary: dict[str, Any]) -> None:
    """Writes the answers, those of a suite in the given order, and their scores.

    Raises:
        ValueError: If a score is no finite number.
    """
    suites: dict[str, list[Answer]] = {}
    for answer in answers:
        suites.setdefault(answer.suite, []).append(answer)
    (directory / ANSWERS).mkdir()
    for suite, rows in suites.items():
        columns = {name: [getattr(answer, name) for answer in rows] for name in _SCHEMA.names}
        pq.write_table(pa.table(columns, schema=_SCHEMA), directory / ANSWERS / f"{suite}.parquet", compression="zstd")
    write_json(directory / SUMMARY, summary)
