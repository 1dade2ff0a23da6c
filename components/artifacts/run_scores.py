"""The RunScores artifact: what the table of a study needs of the runs that have read one recipe, and no weights."""

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

from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.components.shared.store.artifact import Artifact
from inkling.models.sequence.views import VIEWS, View

RUNS, QUESTIONS, DOCUMENTS = "runs.json", "questions.parquet", "documents.parquet"
_ASKED = ("questions", "images", "families", "categories")
_LOSSES = tuple(field.name for field in dataclasses.fields(DocumentLosses))


@dataclass(frozen=True)
class RunLabel:
    """What tells a run of a study from the others.

    Attributes:
        recipe: Name of the recipe within the study.
        size: Preset of the language model.
        seed: Seed of reading and learning to see.
    """

    recipe: str
    size: str
    seed: int


@dataclass(frozen=True)
class Asked:
    """What a run was asked.

    Attributes:
        questions: The questions, sorted.
        images: The image of each.
        families: The family of each.
        categories: The category of each.
    """

    questions: tuple[str, ...]
    images: tuple[str, ...]
    families: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True)
class RunScore:
    """What one run has answered and what held-out text costs it.

    Attributes:
        label: Which run it is.
        parameters: Weights of its language model.
        asked: What it was asked.
        hits: Whether each question was answered rightly, by view, in the order of `asked`.
        documents: What each held-out document costs it.
    """

    label: RunLabel
    parameters: int
    asked: Asked
    hits: Mapping[View, NDArray[np.bool_]]
    documents: DocumentLosses


class RunScores(Artifact):
    """The scores of some runs of a study."""

    type: ClassVar[str] = "RunScores"

    def scores(self) -> list[RunScore]:
        """The runs, in the order in which they were written."""
        rows = json.loads((self.path / RUNS).read_text())
        questions, documents = (pq.read_table(self.path / name) for name in (QUESTIONS, DOCUMENTS))
        return [
            _read(row, *(_of(table, number) for table in (questions, documents))) for number, row in enumerate(rows)
        ]


def write_run_scores(directory: Path, scores: Sequence[RunScore]) -> None:
    """Writes the scores of runs in the given order."""
    rows = [{**dataclasses.asdict(one.label), "parameters": one.parameters} for one in scores]
    (directory / RUNS).write_text(json.dumps(rows, indent=2) + "\n")
    asked = [{**{name: getattr(one.asked, name) for name in _ASKED}, **one.hits} for one in scores]
    _write(directory / QUESTIONS, asked)
    _write(directory / DOCUMENTS, [{name: getattr(one.documents, name) for name in _LOSSES} for one in scores])


def _write(path: Path, columns: Sequence[Mapping[str, Any]]) -> None:
    tables = [
        pa.table({"run": np.full(len(next(iter(one.values()))), number, np.int32), **one})
        for number, one in enumerate(columns)
    ]
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")


def _of(table: pa.Table, number: int) -> pa.Table:
    return table.filter(pc.equal(table.column("run"), number))


def _read(row: Mapping[str, Any], questions: pa.Table, documents: pa.Table) -> RunScore:
    asked = Asked(*(tuple(questions.column(name).to_pylist()) for name in _ASKED))
    hits = {view: questions.column(view).to_numpy() for view in VIEWS}
    sources, numbers, *amounts = (documents.column(name) for name in _LOSSES)
    losses = DocumentLosses(
        tuple(sources.to_pylist()), tuple(numbers.to_pylist()), *(amount.to_numpy() for amount in amounts)
    )
    return RunScore(RunLabel(row["recipe"], row["size"], row["seed"]), row["parameters"], asked, hits, losses)
