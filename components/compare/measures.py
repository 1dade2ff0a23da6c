"""What is measured of runs of a study: means over seeds with intervals over questions or documents and seeds.

The same measures are taken of one group of runs and of the difference of two, seed by seed on the same questions and
documents; so a contrast has the paired interval.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.run_scores import QuestionSet, RunScore
from inkling.components.shared.statistics.indispensable import indispensable
from inkling.components.shared.statistics.intervals import crossed_mean
from inkling.components.shared.statistics.losses import Mean, over_seeds
from inkling.models.sequence.views import VIEWS


@dataclasses.dataclass(frozen=True)
class Measured:
    """A run, or the difference of two, as numbers a question and a document.

    Attributes:
        questions: The questions.
        values: By measure, one number a question, (questions,): right or wrong, or a difference of such.
        losses: Mean loss by unit, and mean copy gain; empty where two runs were scored on different text.
        lowest: Smallest possible value of a right answer's measure: 0, or -1 of a difference.
    """

    questions: QuestionSet
    values: dict[str, NDArray[np.float64]]
    losses: dict[str, Mean]
    lowest: float = 0.0

    @classmethod
    def of(cls, run: RunScore) -> "Measured":
        """The numbers of a run."""
        values = {str(view): run.hits[view].astype(np.float64) for view in VIEWS}
        values["visual_minus_blind"] = values["visual"] - values["blind"]
        documents = run.documents
        losses = {"nats_per_token": documents.nats_per_token(), "bits_per_byte": documents.bits_per_byte()}
        if run.copy_gains:
            losses["copy_gain"] = Mean.over(run.copy_gains)
        return cls(run.questions, values, losses)

    @classmethod
    def difference(cls, first: RunScore, second: RunScore) -> "Measured":
        """The first run minus the second, question by question and document by document."""
        one, other = cls.of(first), cls.of(second)
        values = {name: value - other.values[name] for name, value in one.values.items()}
        same = first.documents.same_text(second.documents)
        shared = one.losses.keys() & other.losses.keys() if same else set()
        losses = {unit: mean - other.losses[unit] for unit, mean in one.losses.items() if unit in shared}
        return cls(one.questions, values, losses, -1.0)


def suites(questions: QuestionSet) -> dict[str, dict[str, float]]:
    """Questions in the headline mean of each suite, their images, and what chance alone answers rightly of them."""
    names, headline = np.array(questions.suites), np.array(questions.headline)
    images, families = np.array(questions.images), np.array(questions.families)
    found = {}
    for suite in dict.fromkeys(questions.suites):
        chosen = (names == suite) & headline
        chance = crossed_mean([np.array(questions.chances)[chosen]], images[chosen], families[chosen])
        found[suite] = {"questions": chance.questions, "images": chance.images, "chance": chance.value}
    return found


def blind_answered(seeds: Sequence[RunScore]) -> dict[str, Any]:
    """By suite, which questions of the headline need their image: what runs that differ in their seed answer blind."""
    questions = seeds[0].questions
    names, headline = np.array(questions.suites), np.array(questions.headline)
    images, chances = np.array(questions.images), np.array(questions.chances)
    found = {}
    for suite in dict.fromkeys(questions.suites):
        chosen = (names == suite) & headline
        counted = indispensable([one.hits["blind"][chosen] for one in seeds], chances[chosen], images[chosen])
        found[suite] = {name: value for name, value in dataclasses.asdict(counted).items() if name != "always"}
    return found


def estimates(seeds: Sequence[Measured]) -> dict[str, Any]:
    """`suites`: by suite the headline mean and the categories, each by measure; `heldout`: the losses by unit.

    Args:
        seeds: Runs that differ in their seed alone, or differences of such, on the same questions.
    """
    questions = seeds[0].questions
    names, categories = np.array(questions.suites), np.array(questions.categories)
    headline = np.array(questions.headline)
    found: dict[str, Any] = {}
    for suite in dict.fromkeys(questions.suites):
        within = names == suite
        found[suite] = {
            **_means(seeds, within & headline),
            "categories": {
                name: _means(seeds, within & (categories == name)) for name in sorted(set(categories[within]))
            },
        }
    losses = {unit: dataclasses.asdict(over_seeds([one.losses[unit] for one in seeds])) for unit in seeds[0].losses}
    return {"suites": found, "heldout": losses}


def _means(seeds: Sequence[Measured], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    questions, first = seeds[0].questions, seeds[0]
    images, families = np.array(questions.images)[chosen], np.array(questions.families)[chosen]
    return {
        name: dataclasses.asdict(
            crossed_mean(
                [one.values[name][chosen] for one in seeds],
                images,
                families,
                lowest=-1.0 if name == "visual_minus_blind" else first.lowest,
            )
        )
        for name in first.values
    }
