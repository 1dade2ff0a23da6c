"""How losses and scores go with the tokens read and with the size of a model, and what that predicts of the largest.

The law is fitted to all points of a line but the largest, seed by seed, and predicts that one. A loss follows a power
law without a floor, a score a line on the logarithm of the amount; beside the prediction stands that of no law at all,
the last point that was fitted. A law that predicts no better has been shown to be none.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.compare.analysis.curves import MEASURES
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.crossed import CrossedMean
from inkling.components.shared.statistics.losses import Mean
from inkling.components.shared.statistics.power_law import LogLine

Floats = NDArray[np.float64]
FEWEST = 4
"""Points of a line, at least: three that are fitted and one that is predicted."""
_AMOUNTS: dict[str, Callable[[RunScore], int]] = {
    "token_budget": lambda run: run.tokens,
    "preset": lambda run: run.parameters,
}
"""What an axis with such a last name spends."""


def scaling(
    measured: Mapping[ScoreCell, RunMeans],
    runs: Sequence[RunScore],
    groups: Sequence[Group],
    losses: Sequence[Mapping[str, Mean]],
) -> list[dict[str, Any]]:
    """The laws along each axis of tokens or sizes, all else equal.

    Args:
        measured: The measures of every run.
        runs: The runs.
        groups: The groups of the study.
        losses: The losses of each run on held-out text, by unit.

    Returns:
        A row a line and measure: where it stands, `amounts`, `slope` (of a loss the exponent; of a score what each
        doubling adds), and of the largest amount its `value`, what is `predicted`, the `error` of the prediction and
        that of no law (`error_of_none`), each with its interval; of a loss as a part of it.
    """
    found = []
    for axis, where, points in _lines(runs, groups):
        amounts = [float(amount) for amount, _ in points]
        numbers = [members for _, members in points]
        place = {"axis": axis, "where": where, "amounts": amounts, "seeds": len(numbers[0])}
        text = runs[numbers[0][0]].documents
        if all(runs[number].documents.same_text(text) for point in numbers for number in point):
            values = np.array([[losses[number]["nats_per_token"].value for number in point] for point in numbers])
            parts = np.array([[losses[number]["nats_per_token"].influence for number in point] for point in numbers])
            row = {"suite": None, "category": None, "measure": "nats_per_token"}
            law = _predicted(amounts, np.log(values), parts / values[:, :, None])
            law["slope"] = _exponent(law["slope"])
            law |= {name: float(np.exp(law[name])) for name in ("value", "predicted")}
            found.append({**place, **row, **law})
        for cell, means in measured.items():
            if cell.measure in MEASURES and means.images > 1:
                values = np.array([means.values[point] for point in numbers])
                parts = np.array([means.influences[point] for point in numbers])
                row = {"suite": cell.suite, "category": cell.category, "measure": cell.measure}
                found.append({**place, **row, **_predicted(amounts, values, parts)})
    return found


def _exponent(slope: Mapping[str, float]) -> dict[str, float]:
    """The exponent of a power law, from what the logarithm of the loss gains each doubling."""
    ends = {"value": "value", "low": "high", "high": "low"}
    return {end: -slope[other] / math.log(2) for end, other in ends.items()}


def _predicted(amounts: Sequence[float], values: Floats, influences: Floats) -> dict[str, Any]:
    """The law through all points but the last, and its error there.

    Args:
        amounts: What each point has spent, the largest last.
        values: Value of each point and seed, (points, seeds).
        influences: What each cluster adds to the error of each, (points, seeds, clusters).
    """
    line = LogLine.through(amounts[:-1], amounts[-1])
    slope = np.append(line.slope, 0.0)
    predicted = np.append(line.prediction, 0.0)
    last, before = np.eye(len(amounts))[-1], np.eye(len(amounts))[-2]

    def sum_of(weights: Floats) -> dict[str, float]:
        mean = CrossedMean.over(np.einsum("p,ps->s", weights, values), np.einsum("p,psc->sc", weights, influences))
        return {"value": mean.value, "low": mean.value - mean.half_width, "high": mean.value + mean.half_width}

    return {
        "slope": sum_of(slope),
        "value": sum_of(last)["value"],
        "predicted": sum_of(predicted)["value"],
        "error": sum_of(predicted - last),
        "error_of_none": sum_of(before - last),
    }


def _lines(
    runs: Sequence[RunScore], groups: Sequence[Group]
) -> list[tuple[str, dict[str, str], list[tuple[int, list[int]]]]]:
    """Axis, other labels and points of each line: the amount and the runs, of the same seeds in the same order."""
    found = []
    for axis in dict(groups[0].place):
        spent = _AMOUNTS.get(axis.rpartition(".")[2])
        if spent is None:
            continue
        lines: dict[tuple[tuple[str, str], ...], list[Group]] = {}
        for group in groups:
            others = tuple((other, label) for other, label in group.place if other != axis)
            lines.setdefault(others, []).append(group)
        for where, line in lines.items():
            shared = [seed for seed in line[0].members if all(seed in group.members for group in line)]
            points = sorted((spent(runs[group.numbers[0]]), [group.members[seed] for seed in shared]) for group in line)
            points = [point for point in points if point[0] > 0]
            if shared and len({amount for amount, _ in points}) == len(points) >= FEWEST:
                found.append((axis, dict(where), points))
    return found
