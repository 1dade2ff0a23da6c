"""The table of a study: each run, each group of runs that differ in their seed alone, and the contrasts of groups."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.compare.config import NO_PRETRAINING, SEED, CompareConfig, ContrastConfig
from inkling.components.compare.measures import Measured, blind_answered, estimates, suites
from inkling.components.shared.store.manifest import ArtifactError

Place = tuple[tuple[str, str], ...]
"""Where a group stands: its label on each axis but the seed."""


def tabulate(config: CompareConfig, runs: Sequence[RunScore]) -> dict[str, Any]:
    """The content of `scores.json`.

    Raises:
        ArtifactError: If two runs are the same or were evaluated on different questions.
    """
    order = list(config.labels)
    runs = [
        dataclasses.replace(run, labels={axis: run.labels[axis] for axis in sorted(run.labels, key=_place_in(order))})
        for run in runs
    ]
    groups = _groups(runs)
    return {
        "title": config.title,
        "source": config.source,
        "axes": config.labels,
        "figures": {name: figure.title for name, figure in config.figures.items()},
        "suites": suites(runs[0].questions),
        "runs": [{"labels": dict(run.labels), **estimates([Measured.of(run)])} for run in runs],
        "groups": [
            {
                "labels": dict(place),
                "seeds": len(members),
                "parameters": next(iter(members.values())).parameters,
                **estimates([Measured.of(run) for run in members.values()]),
                "indispensable": blind_answered(list(members.values())),
            }
            for place, members in groups.items()
        ],
        "contrasts": [row for contrast in config.contrasts for row in _contrasts(config, contrast, groups)],
    }


def _place_in(order: Sequence[str]) -> Callable[[str], int]:
    """Key that sorts axes by their place in the study; others come last, as they are."""
    return lambda axis: order.index(axis) if axis in order else len(order)


def _groups(runs: Sequence[RunScore]) -> dict[Place, dict[str, RunScore]]:
    """The runs of each group by their seed's label."""
    groups: dict[Place, dict[str, RunScore]] = defaultdict(dict)
    for run in runs:
        if run.questions != runs[0].questions:
            raise ArtifactError(
                f"{run.name} was evaluated on other questions than {runs[0].name}: they are no one study"
            )
        place = tuple((axis, label) for axis, label in run.labels.items() if axis != SEED)
        seed = run.labels.get(SEED, "")
        if seed in groups[place]:
            raise ArtifactError(f"two runs of the study have the same labels: {run.name}")
        groups[place][seed] = run
    return groups


def _contrasts(
    config: CompareConfig, contrast: ContrastConfig, groups: Mapping[Place, Mapping[str, RunScore]]
) -> list[dict[str, Any]]:
    """The differences that a contrast states, each between groups that are alike on all other axes."""
    rows = []
    for first, second in contrast.over(config.labels[contrast.axis]):
        for place, members in groups.items():
            labels = dict(place)
            if labels.get(contrast.axis) != first:
                continue
            others = _partner(groups, {**labels, contrast.axis: second}, contrast.axis)
            shared = [seed for seed in members if seed in others]
            if shared:
                differences = [Measured.difference(members[seed], others[seed]) for seed in shared]
                where = {axis: label for axis, label in labels.items() if axis != contrast.axis}
                row = {"axis": contrast.axis, "first": first, "second": second, "where": where, "seeds": len(shared)}
                rows.append({**row, **estimates(differences)})
    return rows


def _partner(
    groups: Mapping[Place, Mapping[str, RunScore]], wanted: Mapping[str, str], axis: str
) -> Mapping[str, RunScore]:
    """The group at a place; the no-pretraining baseline stands for every text, so it fits any label of the others."""
    for place, members in groups.items():
        labels = dict(place)
        fits = (labels.get(one) in (label, NO_PRETRAINING) for one, label in wanted.items() if one != axis)
        if labels.get(axis) == wanted[axis] and all(fits):
            return members
    return {}
