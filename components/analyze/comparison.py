"""Two models on the same questions: paired differences with intervals, group by group."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from inkling.components.artifacts.answers import Answer
from inkling.components.shared.statistics.intervals import mcnemar, paired_difference
from inkling.models.sequence.views import ALL_VIEWS


def compare(
    first: Sequence[Answer],
    second: Sequence[Answer],
    scores: Mapping[str, Any],
    weighed: Literal["families", "questions"] = "families",
) -> dict[str, Any]:
    """Differences between two models' answers to the same questions of a suite, for each group of a split's scores.

    Args:
        first: Answers of one model, all views.
        second: Answers of the other model.
        scores: Scores of the split (`summary.json` of Answers), which say what families a group holds.
        weighed: What weighs the same in a mean.

    Raises:
        ValueError: If the models were not evaluated on the same questions.
    """
    return {
        "mean": difference(first, second, scores["mean"]["families"], weighed),
        "categories": {
            name: difference(first, second, cell["families"], weighed) for name, cell in scores["categories"].items()
        },
        "families": {name: difference(first, second, [name], weighed) for name in scores["families"]},
    }


def difference(
    first: Sequence[Answer],
    second: Sequence[Answer],
    families: Iterable[str],
    weighed: Literal["families", "questions"] = "families",
) -> dict[str, Any]:
    """Difference of the mean over some families in each view; over a single image it has no interval.

    Raises:
        ValueError: If the models were not evaluated on the same questions.
    """
    wanted = set(families)
    result: dict[str, Any] = {}
    found = {one.view for one in first}
    for view in (one for one in ALL_VIEWS if one in found):
        mine, other = (
            {a.question_id: a for a in answers if a.view == view and a.family in wanted} for answers in (first, second)
        )
        if mine.keys() != other.keys():
            raise ValueError(f"the models were evaluated on different questions ({view}, {', '.join(sorted(wanted))})")
        order = sorted(mine)
        hits = np.array([mine[name].correct for name in order])
        other_hits = np.array([other[name].correct for name in order])
        images = [mine[name].image_id for name in order]
        groups = [mine[name].family for name in order] if weighed == "families" else None
        result[view] = {
            **dataclasses.asdict(paired_difference(hits, other_hits, images, groups)),
            "mcnemar": dataclasses.asdict(mcnemar(hits, other_hits)),
        }
    return result
