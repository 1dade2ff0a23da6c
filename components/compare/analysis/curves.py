"""Where along an axis of numbers a score stops rising, line by line of a study."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from inkling.components.compare.config import NO_PRETRAINING, SEED, Measure
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.saturation import saturation
from inkling.components.shared.statistics.simultaneous import GroupMeans, compare_groups

MEASURES: tuple[Measure, ...] = ("visual", "visual_minus_blind")
"""The measures of which more is said than a mean."""
FEWEST = 3
"""Points of a curve, at least."""
_SEED = 0
_SCALES = {"K": 1e3, "M": 1e6, "B": 1e9}


def curves(
    axes: Mapping[str, Sequence[str]], cell: ScoreCell, means: RunMeans, groups: Sequence[Group], margin: float
) -> list[dict[str, Any]]:
    """What is known of a measure along each axis of numbers, all else equal.

    Args:
        axes: Labels of each axis.
        cell: Which measure it is.
        means: The measure of every run.
        groups: The groups of the study.
        margin: A rise of so much or less counts as none.

    Returns:
        A row a line: where it stands, its labels, and the fields of `Saturation` with labels for numbers.
    """
    if cell.measure not in MEASURES or means.images < 2:
        return []
    rows = []
    for axis in axes:
        for where, points in _lines(axis, groups):
            found = saturation(compared(means, points), margin)
            labels = [dict(point.place)[axis] for point in points]
            rows.append(
                {
                    "suite": cell.suite,
                    "category": cell.category,
                    "measure": cell.measure,
                    "axis": axis,
                    "where": where,
                    "labels": labels,
                    "shape": found.shape,
                    "best": labels[found.best],
                    "may_be_best": [labels[point] for point in found.may_be_best],
                    "stops_from": labels[found.stops_from],
                    "stops_by": labels[found.stops_by],
                    "margin": margin,
                    "seeds": min(len(point.members) for point in points),
                }
            )
    return rows


def compared(means: RunMeans, groups: Sequence[Group]) -> GroupMeans:
    """Groups compared with one another in a measure."""
    seeds = list(groups[0].members)
    crossed = all(sorted(group.members) == sorted(seeds) for group in groups)
    numbers = [[group.members[seed] for seed in seeds] if crossed else group.numbers for group in groups]
    return compare_groups(
        [means.values[runs] for runs in numbers],
        [means.influences[runs] for runs in numbers],
        crossed,
        np.random.default_rng(_SEED),
    )


def _lines(axis: str, groups: Iterable[Group]) -> list[tuple[dict[str, str], list[Group]]]:
    """Groups that differ in their number on an axis alone, in the order of the numbers."""
    lines: dict[tuple[tuple[str, str], ...], dict[float, Group]] = {}
    for group in groups:
        labels = dict(group.place)
        label = labels.pop(axis, NO_PRETRAINING)
        if axis == SEED or label == NO_PRETRAINING:
            continue
        number = _number(label)
        if number is None:
            return []
        lines.setdefault(tuple(labels.items()), {})[number] = group
    return [
        (dict(where), [points[number] for number in sorted(points)])
        for where, points in lines.items()
        if len(points) >= FEWEST
    ]


def _number(label: str) -> float | None:
    """The number that a label is, such as 75 or 1.6M; None of a name."""
    scale = _SCALES.get(label[-1:], 1.0)
    try:
        return scale * float(label[:-1] if label[-1:] in _SCALES else label)
    except ValueError:
        return None
