"""The table of a study: each run, each group of runs that differ in their seed alone, and the contrasts of groups."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from inkling.components.artifacts.run_scores import RunScore
from inkling.components.compare.analysis.correlations import correlations
from inkling.components.compare.analysis.curves import MEASURES, curves
from inkling.components.compare.analysis.mixtures import mixture_laws
from inkling.components.compare.analysis.ranks import language_ranks, ranks
from inkling.components.compare.analysis.scaling import scaling
from inkling.components.compare.analysis.verdicts import verdicts
from inkling.components.compare.config import MEASURED, CompareConfig
from inkling.components.compare.groups import Contrast, Group, contrasts_of, groups_of
from inkling.components.compare.measures import (
    RunMeans,
    ScoreCell,
    blind_answered,
    loss_estimate,
    loss_over,
    losses,
    measured_beside,
    run_means,
    suites,
)
from inkling.components.shared.statistics.crossed import CrossedMean, moderated
from inkling.components.shared.statistics.losses import Mean
from inkling.components.shared.statistics.paired import holm
from inkling.components.shared.statistics.seed_power import seed_power
from inkling.components.shared.store.manifest import ArtifactError


def tabulate(config: CompareConfig, runs: Sequence[RunScore]) -> dict[str, Any]:
    """The content of `scores.json`.

    Raises:
        ArtifactError: If a run is none of the study, two are the same or they were evaluated on different questions.
    """
    order = list(config.labels)
    for run in runs:
        _check_labels(config, run)
    runs = [
        dataclasses.replace(run, labels={axis: run.labels[axis] for axis in sorted(run.labels, key=_place_in(order))})
        for run in runs
    ]
    groups = groups_of(runs)
    contrasts = [one for stated in config.contrasts for one in contrasts_of(config, stated, groups)]
    rows: dict[str, list[dict[str, Any]]] = {
        "runs": [{"labels": dict(run.labels)} for run in runs],
        "groups": [
            {
                "labels": dict(group.place),
                "seeds": len(group.members),
                "parameters": runs[group.numbers[0]].parameters,
                "indispensable": blind_answered([runs[number] for number in group.numbers]),
            }
            for group in groups
        ],
        "contrasts": [dict(contrast.labels) for contrast in contrasts],
    }
    tests = defaultdict[tuple[str, ...], list[dict[str, Any]]](list)
    analysis: dict[str, list[dict[str, Any]]] = {"curves": [], "ranks": []}
    measured: dict[ScoreCell, RunMeans] = {}
    for cell, means in run_means(runs):
        if cell.measure in MEASURES and cell.family is None:
            measured[cell] = means
            analysis["curves"] += curves(config.labels, cell, means, groups, config.margin)
            if (ranked := ranks(cell, means, groups)) is not None:
                analysis["ranks"].append(ranked)
        _answers(rows, cell, means, groups, contrasts)
        kind = "families" if cell.family else "headline" if cell.category is None else "categories"
        tests[cell.suite, kind, cell.measure] += [cell.within(row)[cell.measure] for row in rows["contrasts"]]
    each = [losses(run) for run in runs]
    _held_out(rows, runs, each, groups, contrasts)
    if (ranked := language_ranks(runs, each, groups)) is not None:
        analysis["ranks"].append(ranked)
    analysis["correlations"] = correlations(measured, groups, rows["groups"])
    analysis["scaling"] = scaling(measured, runs, groups, each)
    analysis["mixture_laws"] = mixture_laws(measured, runs, groups)
    beside = measured_beside(each)
    analysis["verdicts"] = verdicts(measured, groups, analysis["correlations"], config.margin, config.claims, beside)
    for row in rows["contrasts"]:
        for unit, estimate in row["heldout"].items():
            tests["heldout", unit].append(estimate)
    for family in tests.values():
        _correct(family)
    return {
        "title": config.title,
        "source": config.source,
        "axes": config.labels,
        "figures": {name: figure.title for name, figure in config.figures.items()},
        "suites": suites(runs[0].questions),
        **rows,
        "analysis": analysis,
    }


def _check_labels(config: CompareConfig, run: RunScore) -> None:
    """Checks that a run is one of the study."""
    for axis, label in run.labels.items() if config.axes else ():
        if label not in config.labels.get(axis, ()):
            kind, known = (
                (f"labels of {axis}", config.labels[axis]) if axis in config.labels else ("axes", config.labels)
            )
            raise ArtifactError(f"{run.name} is no run of '{config.title}', whose {kind} are {', '.join(known)}")


def _answers(
    rows: Mapping[str, list[dict[str, Any]]],
    cell: ScoreCell,
    means: RunMeans,
    groups: Sequence[Group],
    contrasts: Sequence[Contrast],
) -> None:
    """Writes a measure of right answers into the rows."""
    found = {
        "runs": [means.over([number]) for number in range(len(means.values))],
        "groups": moderated([means.over(group.numbers) for group in groups]),
        "contrasts": moderated([means.contrast(one) for one in contrasts]),
    }
    for kind, measured in found.items():
        lowest = -1.0 if kind == "contrasts" else None
        for row, mean in zip(rows[kind], measured, strict=True):
            estimate = means.estimate(mean, lowest)
            if kind == "contrasts":
                estimate["p_value"] = mean.p_value if means.images > 1 else None
                estimate["power"] = power(mean) if means.images > 1 else None
            cell.within(row)[cell.measure] = estimate


def power(mean: CrossedMean) -> dict[str, Any] | None:
    """How many seeds would settle a contrast, and what these can show; None of one seed."""
    found = seed_power(mean)
    return None if found is None else dataclasses.asdict(found)


def _held_out(
    rows: Mapping[str, list[dict[str, Any]]],
    runs: Sequence[RunScore],
    each: Sequence[Mapping[str, Mean]],
    groups: Sequence[Group],
    contrasts: Sequence[Contrast],
) -> None:
    """Writes the losses of held-out text into the rows; a contrast of runs scored on different text has none."""
    for kind in ("runs", "groups", "contrasts"):
        for row in rows[kind]:
            row["heldout"] = {}
    for unit in dict.fromkeys(unit for one in each for unit in one):
        members: dict[str, list[list[int]]] = {
            "runs": [[number] for number in range(len(runs))],
            "groups": [group.numbers for group in groups],
        }
        for kind, lists in members.items():
            having = [index for index, numbers in enumerate(lists) if all(unit in each[number] for number in numbers)]
            found = moderated([loss_over([each[number][unit] for number in lists[index]]) for index in having])
            for index, mean in zip(having, found, strict=True):
                several = each[lists[index][0]][unit].several
                rows[kind][index]["heldout"][unit] = loss_estimate(mean, several)
        pairs = [_differences(one, unit, runs, each) for one in contrasts]
        having = [index for index, found in enumerate(pairs) if found]
        for index, mean in zip(having, moderated([loss_over(pairs[index]) for index in having]), strict=True):
            several = pairs[index][0].several
            estimate = {**loss_estimate(mean, several), "p_value": mean.p_value if several else None}
            rows["contrasts"][index]["heldout"][unit] = estimate


def _differences(
    contrast: Contrast, unit: str, runs: Sequence[RunScore], each: Sequence[Mapping[str, Mean]]
) -> list[Mean]:
    """The differences of a measure, seed by seed; none of a loss where the two were scored on different text."""
    found = []
    for one, other, *less in zip(contrast.first, contrast.second, *(contrast.less or ()), strict=True):
        used = (one, other, *less)
        same = unit in MEASURED or all(runs[one].documents.same_text(runs[number].documents) for number in used)
        if not same or any(unit not in each[number] for number in used):
            return []
        difference = each[one][unit] - each[other][unit]
        found.append(difference - (each[less[0]][unit] - each[less[1]][unit]) if less else difference)
    return found


def _correct(tests: Iterable[dict[str, Any]]) -> None:
    """Adds Holm's p-values to the tests of one family."""
    tested = [test for test in tests if test["p_value"] is not None]
    for test, adjusted in zip(tested, holm([test["p_value"] for test in tested]), strict=True):
        test["adjusted"] = adjusted


def _place_in(order: Sequence[str]) -> Callable[[str], int]:
    """Key that sorts axes by their place in the study; others come last, as they are."""
    return lambda axis: order.index(axis) if axis in order else len(order)
