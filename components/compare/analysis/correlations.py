"""Which kinds of questions rise and fall together over the models of a study, also at the same held-out loss."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from inkling.components.compare.config import NO_PRETRAINING
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.correlation import rank_correlation
from inkling.components.shared.statistics.paired import holm

_SEED = 0
LOSS = "bits_per_byte"


def correlations(
    measured: Mapping[ScoreCell, RunMeans], groups: Sequence[Group], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Spearman correlations of right answers with the image over groups, each the mean of its seeds.

    The no-pretraining baseline is left out: what it lacks would go together with everything.

    Args:
        measured: The measures of every run.
        groups: The groups of the study.
        rows: Their rows of the table, with their losses.

    Returns:
        A row a pair of categories, and a row a category beside the loss: `first`, `second`, `plain` and `partial` (at
        the same loss of held-out text; None where it was not measured), each with `adjusted`, Holm's p-value in the
        suite. Pairs that cannot be correlated are left out.
    """
    kept = [number for number, group in enumerate(groups) if NO_PRETRAINING not in dict(group.place).values()]
    losses = [rows[number]["heldout"].get(LOSS, {}).get("value") for number in kept]
    known = losses if all(loss is not None for loss in losses) else None
    scores: dict[str, dict[str, list[float]]] = {}
    for cell, means in measured.items():
        if cell.category is not None and cell.measure == "visual":
            values = [float(means.values[groups[number].numbers].mean()) for number in kept]
            scores.setdefault(cell.suite, {})[cell.category] = values
    found = []
    for suite, categories in scores.items():
        pairs = [
            _pair(first, second, categories[first], categories[second], known)
            for first, second in combinations(categories, 2)
        ]
        if known is not None:
            pairs += [_pair(name, LOSS, values, known, None) for name, values in categories.items()]
        own = [{"suite": suite, **pair} for pair in pairs if pair["plain"] is not None]
        for kind in ("plain", "partial"):
            tests = [pair[kind] for pair in own if pair[kind] is not None]
            for test, adjusted in zip(tests, holm([test["p_value"] for test in tests]), strict=True):
                test["adjusted"] = adjusted
        found += own
    return found


def _pair(
    first: str, second: str, one: Sequence[float], other: Sequence[float], control: Sequence[float] | None
) -> dict[str, Any]:
    plain = rank_correlation(one, other, np.random.default_rng(_SEED))
    partial = None if control is None else rank_correlation(one, other, np.random.default_rng(_SEED), control)
    return {
        "first": first,
        "second": second,
        "plain": plain and dataclasses.asdict(plain),
        "partial": partial and dataclasses.asdict(partial),
    }
