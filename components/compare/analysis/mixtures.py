"""The law of a study's text recipes: what it predicts of recipes that it has not seen, and which to run next."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.compare.groups import Group, Place
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.mixture_law import FEWEST, MixtureLaw, hold_out, propose

_SEED, _NEXT = 0, 3
_ALIKE = 0.005
"""Difference of two shares that counts as none."""


def mixture_laws(
    measured: Mapping[ScoreCell, RunMeans], runs: Sequence[RunScore], groups: Sequence[Group]
) -> list[dict[str, Any]]:
    """A law for each headline mean and each setting of the axes that do not change the text.

    Args:
        measured: The measures of every run.
        runs: The runs, with the shares of the text that they were trained on.
        groups: The groups of the study.

    Returns:
        A row a law: where it holds, `texts`, `recipes` (how many), `error` of the law, of the nearest recipe and of the
        mean on recipes that were held out, `gain` over the better of the two with its interval, `shown`, and `next`:
        the recipes to run next, for a better score where the law is shown to predict, else where it knows least.
    """
    read = _shares(runs, groups)
    found = []
    for cell, means in measured.items():
        if cell.category is not None:
            continue
        for where, members in _settings(read).items():
            texts = sorted({text for group in members for text in read[group.place][1]})
            shares = np.array([[read[group.place][1].get(text, 0.0) for text in texts] for group in members])
            if len(np.unique(shares.round(6), axis=0)) < FEWEST or len(texts) < 2:
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


def _shares(runs: Sequence[RunScore], groups: Sequence[Group]) -> dict[Place, tuple[Group, dict[str, float]]]:
    """Each group with pre-training, and the shares of its mixture.

    A shard is a source, or what a source holds of the labels that the recipe names, as `code.reasoning`. Where all
    recipes are by labels, texts are these, whatever their source; else they are the sources.
    """
    having = [group for group in groups if runs[group.numbers[0]].shares]
    by_labels = all("." in shard for group in having for shard in runs[group.numbers[0]].shares)
    found = {}
    for group in having:
        shares: dict[str, float] = {}
        for shard, share in runs[group.numbers[0]].shares.items():
            source, _, labels = shard.partition(".")
            text = labels if by_labels else source
            shares[text] = shares.get(text, 0.0) + share
        found[group.place] = group, shares
    return found


def _settings(read: Mapping[Place, tuple[Group, Mapping[str, float]]]) -> dict[Place, list[Group]]:
    """The groups by their labels on the axes that do not change the text."""
    text_axes = set()
    for axis in dict(next(iter(read), ())):
        lines: dict[Place, Mapping[str, float]] = {}
        for place, (_, shares) in read.items():
            others = tuple((other, label) for other, label in place if other != axis)
            first = lines.setdefault(others, shares)
            if any(abs(first.get(text, 0.0) - shares.get(text, 0.0)) > _ALIKE for text in {*first, *shares}):
                text_axes.add(axis)
    found: dict[Place, list[Group]] = {}
    for place, (group, _) in read.items():
        where = tuple((axis, label) for axis, label in place if axis not in text_axes)
        found.setdefault(where, []).append(group)
    return found
