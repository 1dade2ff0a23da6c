"""Which rank each group of a study may have, and how far another draw of seeds and questions would order them alike."""

from collections.abc import Sequence
from typing import Any

from inkling.components.compare.analysis.curves import MEASURES, compared
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell


def ranks(cell: ScoreCell, means: RunMeans, groups: Sequence[Group]) -> dict[str, Any] | None:
    """The ranks of the groups in a measure; None where nothing is to be ranked.

    Returns:
        `groups`, in the order of the table: `labels`, `rank`, and the `first` and `last` that it may be; `agreement`:
        Kendall's tau with the order of other seeds and questions, with its 95 % range.
    """
    if cell.measure not in MEASURES or means.images < 2 or len(groups) < 2:
        return None
    found = compared(means, groups)
    order = (-found.values).argsort(kind="stable").argsort(kind="stable")
    value, low, high = found.order_agreement()
    return {
        "suite": cell.suite,
        "category": cell.category,
        "measure": cell.measure,
        "groups": [
            {"labels": dict(group.place), "rank": int(rank) + 1, "first": first, "last": last}
            for group, rank, (first, last) in zip(groups, order, found.ranks(), strict=True)
        ],
        "agreement": {"value": value, "low": low, "high": high},
    }
