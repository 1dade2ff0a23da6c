"""The claims of the paper, decided by the runs of a study: supported, contradicted or undecided, with the evidence."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from inkling.components.compare.analysis.claims import Claim, ClaimPart, Where, claims
from inkling.components.compare.config import NO_PRETRAINING, Measure
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.crossed import CrossedMean
from inkling.components.shared.statistics.simultaneous import seed_variance
from inkling.components.shared.statistics.verdict import LEVEL, judged, one_sided

_NONE = 0.1
"""A rank correlation below which two categories are said not to go together."""


def verdicts(
    measured: Mapping[ScoreCell, RunMeans],
    groups: Sequence[Group],
    correlations: Sequence[Mapping[str, Any]],
    margin: float,
    decided: Collection[str],
    beside: Mapping[Measure, RunMeans] | None = None,
) -> list[dict[str, Any]]:
    """Decides the claims that a study is to decide, as far as it has their groups.

    Args:
        measured: The measures of every run.
        groups: The groups of the study.
        correlations: Its rows of correlations.
        margin: Effect that matters in right answers.
        decided: Names of the claims.
        beside: What was measured beside right answers, by measure.

    Returns:
        A row a claim: `claim`, `statement`, `source`, `limit`, `level`, `verdict` and `parts`, each with what it
        `says`, its `measure`, `value`, `low` and `high`, the one-sided p-values `above` and `below`, and its own
        `verdict`.
    """
    suite = next(iter(measured)).suite
    known = {**measured, **{ScoreCell(suite, None, name): means for name, means in (beside or {}).items()}}
    found = []
    for name, claim in ((name, claim) for name, claim in claims().items() if name in decided):
        for stated in (claim, claim.of_twin()) if claim.twin else (claim,):
            rows = [_part(part, suite, known, groups, correlations, margin) for part in stated.parts]
            tested = [row for row in rows if row is not None]
            if len(tested) == len(rows):
                found.append(_decided(name, claim, tested))
                break
    return found


def _decided(name: str, claim: Claim, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    verdict, parts = judged([row["above"] for row in rows], [row["below"] for row in rows])
    return {
        "claim": name,
        "statement": claim.statement,
        "source": claim.source,
        "limit": claim.limit,
        "level": LEVEL,
        "verdict": verdict,
        "parts": [{**row, "verdict": part} for row, part in zip(rows, parts, strict=True)],
    }


def _part(
    part: ClaimPart,
    suite: str,
    measured: Mapping[ScoreCell, RunMeans],
    groups: Sequence[Group],
    correlations: Sequence[Mapping[str, Any]],
    margin: float,
) -> dict[str, Any] | None:
    """The evidence of a part; None where the study cannot give it."""
    if part.together:
        return _together(part, suite, correlations)
    means = measured.get(ScoreCell(suite, part.category, part.measure))
    weights = _weights(part, groups)
    if means is None or weights is None or means.images < 2:
        return None
    effect = _effect(means, groups, weights)
    if effect is None:
        return None
    above, below = one_sided(effect, part.matters or margin)
    estimate = {
        "value": effect.value,
        "low": effect.value - effect.half_width,
        "high": effect.value + effect.half_width,
    }
    named = {"says": part.says, "category": part.category, "measure": part.measure}
    return {**named, **estimate, "above": above, "below": below}


def _together(part: ClaimPart, suite: str, correlations: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    for row in correlations:
        if row["suite"] == suite and {row["first"], row["second"]} == set(part.together):
            found = row["partial"] or row["plain"]
            above = found["p_value"] / 2 if found["value"] > 0 else 1 - found["p_value"] / 2
            below = 0.0 if found["high"] < _NONE else 1.0
            ends = {name: found[name] for name in ("value", "low", "high")}
            named = {"says": part.says, "category": None, "together": list(part.together)}
            return {**named, **ends, "above": above, "below": below}
    return None


def _weights(part: ClaimPart, groups: Sequence[Group]) -> np.ndarray | None:
    """What each group weighs in an effect, (groups,); None where a term has no group."""
    weights = np.zeros(len(groups))
    for sign, terms in ((1.0, part.more), (-1.0, part.than)):
        for term in terms:
            chosen = [number for number, group in enumerate(groups) if _fits(group, term)]
            labels = {axis: {dict(groups[number].place)[axis] for number in chosen} for axis in term}
            if not chosen or any(set(wanted) - labels[axis] for axis, wanted in term.items()):
                return None
            weights[chosen] += sign / len(chosen)
    return weights


def _fits(group: Group, term: Where) -> bool:
    labels = dict(group.place)
    return all(labels.get(axis) in wanted for axis, wanted in term.items())


def _effect(means: RunMeans, groups: Sequence[Group], weights: np.ndarray) -> CrossedMean | None:
    """The weighed sum of groups over the seeds that all of them have, with the seeds' variance of the whole study."""
    used = [number for number in range(len(groups)) if weights[number]]
    seeds = [seed for seed in groups[used[0]].members if all(seed in groups[number].members for number in used)]
    if not seeds:
        return None
    runs = np.array([[groups[number].members[seed] for seed in seeds] for number in used])  # (groups, seeds)
    chosen = weights[used]
    effect = CrossedMean.over(
        np.einsum("g,gs->s", chosen, means.values[runs]),
        np.einsum("g,gsi->si", chosen, means.influences[runs]),
        means.least,
    )
    alike = [group for group in groups if NO_PRETRAINING not in dict(group.place).values()]
    crossed = all(sorted(group.members) == sorted(alike[0].members) for group in alike)
    order = list(alike[0].members)
    values = [means.values[[group.members[seed] for seed in order] if crossed else group.numbers] for group in alike]
    variance, freedom = seed_variance(values, crossed)
    if not freedom or len(seeds) < 2:
        return dataclasses.replace(effect, seed_variance=0.0, freedom=0.0)
    return dataclasses.replace(
        effect, seed_variance=variance * float((chosen**2).sum()) / len(seeds), freedom=float(freedom)
    )
