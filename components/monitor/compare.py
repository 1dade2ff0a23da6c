"""Whether what a server is asked, and how it answers, is still what the model was evaluated on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.bundle import TOKENIZER, Bundle
from inkling.components.artifacts.questions import Question
from inkling.components.serve.request_log import LoggedAnswer, look
from inkling.components.shared.report.drift import ColumnDrift, write_drift_report
from inkling.models.inference.likelihood import log_softmax
from inkling.models.sequence.prompt import prompt_ids
from inkling.models.vision.preprocess import Preprocessing, preprocess

LEAST = 50
"""Answers with an image below which nothing is said of drift: a test would find none but the coarsest."""
_OF_IMAGES = ("prompt_tokens", "brightness", "contrast")
_OF_CHOICES = ("choices", "probability")


@dataclass(frozen=True)
class Monitored:
    """What was found.

    Attributes:
        answers: How many answers were logged.
        blind: The share of them without an image.
        empty: The share of the generated ones that are empty; None where none was generated.
        columns: The drift of each column of the answers with an image.
    """

    answers: int
    blind: float
    empty: float | None
    columns: list[ColumnDrift]

    @property
    def drifted(self) -> float:
        """The share of the columns that drifted."""
        return sum(column.drifted for column in self.columns) / max(1, len(self.columns))

    def shares(self) -> dict[str, float | None]:
        """What thresholds are set for: the shares that drifted, were blind and were empty."""
        return {"drifted": self.drifted, "blind": self.blind, "empty": self.empty}


def reference_rows(
    questions: Sequence[Question], answers: Sequence[Answer], images: Mapping[str, bytes], bundle: Bundle
) -> Iterator[LoggedAnswer]:
    """The evaluation's answers to questions seen with their image, as a server would have logged them.

    Args:
        questions: The questions.
        answers: The answers; those of other views are passed over.
        images: Bytes of the images.
        bundle: The model, whose tokens are counted and whose pixels are looked at.
    """
    tokenizer = Tokenizer.from_file(str(bundle.path / TOKENIZER))
    pixels = Preprocessing.model_validate(bundle.preprocessing()["image"])
    asked = {question.question_id: question for question in questions}
    looks = {name: look(preprocess(data, pixels)) for name, data in images.items()}
    for answer in answers:
        if answer.view != "visual" or answer.question_id not in asked:
            continue
        question = asked[answer.question_id]
        given = answer.log_likelihoods
        brightness, contrast = looks[question.image_id]
        yield LoggedAnswer(
            time=0.0,
            view="visual",
            protocol="evaluation",
            choices=len(question.choices),
            probability=float(np.exp(log_softmax(np.array(given))[answer.choice]))
            if given and answer.choice >= 0
            else None,
            prompt_tokens=len(prompt_ids(tokenizer, question.question)),
            answer_tokens=len(tokenizer.encode(answer.text, add_special_tokens=False).ids),
            brightness=brightness,
            contrast=contrast,
        )


def monitor(logged: Sequence[Mapping[str, Any]], reference: Sequence[Mapping[str, Any]], report: Path) -> Monitored:
    """Compares logged answers with the evaluation's and writes Evidently's report.

    Args:
        logged: Rows of a request log, the fields of `LoggedAnswer`.
        reference: Rows of the evaluation, of the same fields.
        report: Where the HTML report goes.

    Raises:
        ValueError: If fewer than `LEAST` answers with an image were logged.
    """
    import pandas as pd

    seen = [row for row in logged if row["view"] == "visual"]
    if len(seen) < LEAST:
        raise ValueError(
            f"{len(seen)} answers with an image were logged; {LEAST} are the least of which drift can be told. "
            "Wait for more, or take a longer time with --hours"
        )
    generated = [row for row in logged if not row["choices"]]
    chosen = [row for row in seen if row["choices"]]
    columns = [*_OF_IMAGES, *(_OF_CHOICES if len(chosen) >= LEAST else ())]
    tables = [pd.DataFrame(list(rows))[columns] for rows in (reference, seen)]
    return Monitored(
        answers=len(logged),
        blind=sum(row["view"] == "blind" for row in logged) / len(logged),
        empty=sum(not row["answer_tokens"] for row in generated) / len(generated) if generated else None,
        columns=write_drift_report(tables[0], tables[1], columns, (), report),
    )
