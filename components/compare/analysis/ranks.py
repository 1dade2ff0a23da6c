"""Which rank each group of a study may have, and how far another draw of seeds and questions would order them alike.

In language a group ranks by the bits per byte of held-out text. How many documents are held out goes with the text
recipe; documents of different text count as different ones, which makes ranks rather more open than they are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.compare.analysis.curves import MEASURES, compared
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.losses import Mean

LANGUAGE = "bits_per_byte"
"""The measure by which groups are ranked in language; less is better."""


def ranks(cell: ScoreCell, means: RunMeans, groups: Sequence[Group]) -> dict[str, Any] | None:
    """The ranks of the groups in a measure; None where nothing is to be ranked.

    Returns:
        `groups`, in the order of the table: `labels`, `rank`, and the `first` and `last` that it may be; `agreement`:
        Kendall's tau with the order of other seeds and questions, with its 95 % range.
    """
    if cell.measure not in MEASURES or means.images < 2 or len(groups) < 2:
        return None
    return {
        "suite": cell.suite,
        "category": cell.category,
        "measure": cell.measure,
        **_ranked(means, groups),
    }


def language_ranks(
    runs: Sequence[RunScore], losses: Sequence[Mapping[str, Mean]], groups: Sequence[Group]
) -> dict[str, Any] | None:
    """The ranks of the groups in language, as those of a suite; None where a source has one document alone.

    Args:
        runs: The runs.
        losses: The losses of each on held-out text, by unit.
        groups: The groups of the study.
    """
    means = [one[LANGUAGE] for one in losses]
    if len(groups) < 2 or not all(one.several for one in means):
        return None
    texts: list[RunScore] = []  # one run of each text
    own = []
    for run in runs:
        alike = next((n for n, text in enumerate(texts) if run.documents.same_text(text.documents)), len(texts))
        texts += [run] if alike == len(texts) else []
        own.append(alike)
    ends = np.cumsum([0, *(len(text.documents.tokens) for text in texts)])
    influences = np.zeros((len(runs), ends[-1]))
    for row, one, text in zip(influences, means, own, strict=True):
        row[ends[text] : ends[text + 1]] = -one.influence
    values = -np.array([one.value for one in means])
    return {
        "suite": None,
        "category": None,
        "measure": LANGUAGE,
        **_ranked(RunMeans(values, influences, 0.0, -np.inf, int(ends[-1]), int(ends[-1])), groups),
    }


def _ranked(means: RunMeans, groups: Sequence[Group]) -> dict[str, Any]:
    found = compared(means, groups)
    order = (-found.values).argsort(kind="stable").argsort(kind="stable")
    value, low, high = found.order_agreement()
    return {
        "groups": [
            {"labels": dict(group.place), "rank": int(rank) + 1, "first": first, "last": last}
            for group, rank, (first, last) in zip(groups, order, found.ranks(), strict=True)
        ],
        "agreement": {"value": value, "low": low, "high": high},
    }
