"""The RunScores artifact: what the table of a study needs of some of its runs, and no weights."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inkling.components.artifacts.measurements import READ_OFF
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.models.sequence.views import VIEWS, View

RUNS, QUESTIONS, DOCUMENTS = "runs.json", "questions.parquet", "documents.parquet"
NOT_ASKED = -1
_LOSSES = tuple(field.name for field in dataclasses.fields(DocumentLosses))
_ADAPTED = "nats_after_adaptation"
"""Column of the documents; it holds no number where a run was not measured."""


@dataclass(frozen=True)
class QuestionSet:
    """The questions that a run was evaluated on, an entry a question: suite by suite, in each by identity.

    Attributes:
        suites: The suite of each.
        questions: The identity of each.
        images: The image of each: questions that share it form a cluster.
        categories: The category of each.
        families: What weighs the same in a mean: the family of each; empty where questions weigh the same.
        headline: Whether each enters the headline mean of its suite.
        chances: Probability of each that a blind guess is right.
    """

    suites: tuple[str, ...]
    questions: tuple[str, ...]
    images: tuple[str, ...]
    categories: tuple[str, ...]
    families: tuple[str, ...]
    headline: tuple[bool, ...]
    chances: tuple[float, ...]


_COLUMNS = tuple(field.name for field in dataclasses.fields(QuestionSet))


@dataclass(frozen=True)
class RunScore:
    """What one run has answered and what held-out text costs it.

    Attributes:
        labels: Which run it is: its label on each axis of the study.
        parameters: Weights of its language model.
        questions: What it was evaluated on.
        hits: Whether each question was answered rightly, by view, in the order of `questions`.
        documents: What each held-out document costs it.
        copy_gains: What it saves on the second copy of each of some passages, in nats per token; empty if not measured.
        tokens: Tokens that its language model was trained on.
        shares: Share of each shard of text in the blend; empty for the no-pretraining baseline.
        measured: What else was measured, by measure: independent numbers whose mean it is.
        probed: Whether a linear probe answers each question rightly, in the order of `questions`, -1 where it was not
            asked, int8; by what it reads, as in `READ_OFF`.
        adapted: What the same documents cost its language model after adaptation; None if not measured.
    """

    labels: Mapping[str, str]
    parameters: int
    questions: QuestionSet
    hits: Mapping[View, NDArray[np.bool_]]
    documents: DocumentLosses
    copy_gains: tuple[float, ...] = ()
    tokens: int = 0
    shares: Mapping[str, float] = dataclasses.field(default_factory=dict)
    measured: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    probed: Mapping[str, NDArray[np.int8]] = dataclasses.field(default_factory=dict)
    adapted: DocumentLosses | None = None

    @property
    def name(self) -> str:
        """Its labels in a line, for messages."""
        return ", ".join(f"{axis}={label}" for axis, label in self.labels.items())


class RunScores(Artifact):
    """The scores of some runs of a study."""

    type: ClassVar[str] = "RunScores"
    schema: ClassVar[int] = 7

    def scores(self) -> list[RunScore]:
        """The runs, in the order in which they were written."""
        rows = json.loads((self.path / RUNS).read_text())
        questions, documents = (pq.read_table(self.path / name) for name in (QUESTIONS, DOCUMENTS))
        return [
            _read(row, *(_of(table, number) for table in (questions, documents))) for number, row in enumerate(rows)
        ]


def write_run_scores(directory: Path, scores: Sequence[RunScore]) -> None:
    """Writes the scores of runs in the given order."""
    rows = [
        {
            "labels": dict(one.labels),
            "parameters": one.parameters,
            "copy_gains": list(one.copy_gains),
            "tokens": one.tokens,
            "shares": dict(one.shares),
            "measured": {name: list(values) for name, values in one.measured.items()},
        }
        for one in scores
    ]
    write_json(directory / RUNS, rows, sort_keys=True)
    questions = [
        {**{name: getattr(one.questions, name) for name in _COLUMNS}, **one.hits, **_every_probe(one)} for one in scores
    ]
    _write(directory / QUESTIONS, questions)
    _write(directory / DOCUMENTS, [_costs(one) for one in scores])


def _costs(one: RunScore) -> dict[str, Any]:
    nats = one.documents.nats
    after = pa.nulls(len(nats), pa.float64()) if one.adapted is None else one.adapted.nats
    return {**{name: getattr(one.documents, name) for name in _LOSSES}, _ADAPTED: after}


def _every_probe(score: RunScore) -> dict[str, NDArray[np.int8]]:
    """A column for each layer, of questions that were not asked where there was no probe."""
    none = np.full(len(score.questions.suites), NOT_ASKED, np.int8)
    return {name: score.probed.get(name, none) for name in READ_OFF}


def _write(path: Path, columns: Sequence[Mapping[str, Any]]) -> None:
    tables = [
        pa.table({"run": np.full(len(next(iter(one.values()))), number, np.int32), **one})
        for number, one in enumerate(columns)
    ]
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")


def _of(table: pa.Table, number: int) -> pa.Table:
    return table.filter(pc.equal(table.column("run"), number))


def _read(row: Mapping[str, Any], questions: pa.Table, documents: pa.Table) -> RunScore:
    question_set = QuestionSet(*(tuple(questions.column(name).to_pylist()) for name in _COLUMNS))
    hits = {view: questions.column(view).to_numpy() for view in VIEWS}
    probes = {name: questions.column(name).to_numpy() for name in READ_OFF}
    sources, numbers, *amounts = (documents.column(name) for name in _LOSSES)
    losses = DocumentLosses(
        tuple(sources.to_pylist()), tuple(numbers.to_pylist()), *(amount.to_numpy() for amount in amounts)
    )
    stated = {
        "copy_gains": tuple(row["copy_gains"]),
        "tokens": row["tokens"],
        "shares": row["shares"],
        "measured": {name: tuple(values) for name, values in row["measured"].items()},
        "probed": {name: found for name, found in probes.items() if (found != NOT_ASKED).any()},
    }
    if not documents.column(_ADAPTED).null_count:
        stated["adapted"] = dataclasses.replace(losses, nats=documents.column(_ADAPTED).to_numpy())
    return RunScore(row["labels"], row["parameters"], question_set, hits, losses, **stated)
