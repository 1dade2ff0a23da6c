"""The law of a study's text recipes: what it predicts of recipes that it has not seen, and which to run next."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.mixture_law import FEWEST, MixtureLaw, hold_out, propose

_SEED, _NEXT = 0, 3
_RECIPE = "mixture.recipe"


def mixture_laws(
    measured: Mapping[ScoreCell, RunMeans],
    runs: Sequence[RunScore],
    groups: Sequence[Group],
    text_axes: Sequence[str] = (_RECIPE, "label", "share"),
) -> list[dict[str, Any]]:
    """A law for each headline mean and each setting of the axes that do not change the text.

    Args:
        measured: The measures of every run.
        runs: The runs, with the shares of the text that they were trained on.
        groups: The groups of the study.
        text_axes: Axes that change the shares of the text; those of a study's own words included.

    Returns:
        A row a law: where it holds, `texts`, `recipes` (how many), `error` of the law, of the nearest recipe and of the
        mean on recipes that were held out, `gain` over the better of the two with its interval, `shown`, and `next`:
        the recipes to run next, for a better score where the law is shown to predict, else where it knows least.
    """
    found = []
    for cell, means in measured.items():
        if cell.category is not None:
            continue
        for where, members in _settings(runs, groups, text_axes).items():
            texts = sorted({text for group in members for text in runs[group.numbers[0]].shares})
            shares = np.array([[runs[group.numbers[0]].shares.get(text, 0.0) for text in texts] for group in members])
            if len(np.unique(shares.round(6), axis=0)) < max(FEWEST, 2) or len(texts) < 2:
                continue
            scores = np.array([float(means.values[group.numbers].mean()) for group in members])
            held = hold_out(shares, scores, np.random.default_rng(_SEED))
            law = MixtureLaw.fit(shares, scores)
            value, low, high = held.gain
            found.append(
                {
                    "suite": cell.suite,
                    "category": None,
                    "measure": cell.measure,
                    "where": dict(where),
                    "texts": texts,
                    "recipes": len(members),
                    "error": {"law": held.law, "nearest": held.nearest, "mean": held.mean},
                    "gain": {"value": value, "low": low, "high": high},
                    "shown": held.shown,
                    "next": [
                        {**dataclasses.asdict(one), "shares": dict(zip(texts, one.shares, strict=True))}
                        for one in propose(law, _NEXT, held.shown, np.random.default_rng(_SEED))
                    ],
                }
            )
    return found


def _settings(
    runs: Sequence[RunScore], groups: Sequence[Group], text_axes: Sequence[str]
) -> dict[tuple[tuple[str, str], ...], list[Group]]:
    """The groups that have read something, by their labels on the axes that do not change the text."""
    found: dict[tuple[tuple[str, str], ...], list[Group]] = {}
    for group in groups:
        if runs[group.numbers[0]].shares:
            where = tuple((axis, label) for axis, label in group.place if axis not in text_axes)
            found.setdefault(where, []).append(group)
    return found
