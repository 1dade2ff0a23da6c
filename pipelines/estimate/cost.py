"""What a whole run, or a study, takes before it is spent: device hours, bytes kept, bytes moved between pods."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from statistics import fmean
from typing import Any

from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.config import read_mapping
from inkling.models.training.devices import Device
from inkling.pipelines.estimate.simulation import Places
from inkling.pipelines.estimate.sizes import artifact_bytes, device_hours
from inkling.pipelines.ir import function_of
from inkling.pipelines.study.plan import StudyPlan

PRICES = ("cpu-hour", "gpu-hour", "gb-month", "gb-egress")
"""What a price can be stated for."""
_GIGA = 1e9
_TEXTS, _VARIANTS = "texts", "variants"  # the parameters that a study's loops go over


@dataclass(frozen=True)
class CostEstimate:
    """What a run or a study takes.

    Attributes:
        texts: Texts that are read; 1 of one run.
        variants: Pre-trainings on each text.
        ways: Ways to learn to see that each language model takes.
        hours: Device hours by stage, of all runs; those of the stages that compute on a CPU alone are not counted.
        lasting: Hours of each pre-training; those of the no-pretraining baseline come last.
        seeing: Hours of all that follows each pre-training, one way after the other.
        device: What computes.
        stored: Bytes of the artifacts by name, of all runs: the object store keeps every one.
        own: Bytes that each pre-training and what follows it add to the store, its share of its text's tokens included.
        read: Bytes that tasks read from the store.
    """

    texts: int
    variants: int
    ways: int
    hours: dict[str, float]
    lasting: tuple[float, ...]
    seeing: tuple[float, ...]
    device: Device
    stored: dict[str, float]
    own: tuple[float, ...]
    read: float

    @property
    def runs(self) -> int:
        """Runs in it."""
        return len(self.lasting) * self.ways

    @property
    def written(self) -> float:
        """Bytes that tasks write to the store: all that is kept."""
        return sum(self.stored.values())

    def unit_hours(self, parallelism: int) -> list[float]:
        """Hours of each pre-training with all that follows it, with so many runs under way at the same time."""
        at_once = Places.of(parallelism, self.texts, self.variants, self.ways).ways
        return [one + other / at_once for one, other in zip(self.lasting, self.seeing, strict=True)]

    def costs(self, prices: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """Quantity and cost of each thing that a price was stated for.

        Storage is kept for one month; every byte that a task reads counts as egress, which it is where the store lies
        elsewhere than the pods.

        Args:
            prices: Price of a unit, by a name of `PRICES`.
        """
        hours = sum(self.hours.values())
        mine = "cpu-hour" if self.device.kind == "cpu" else "gpu-hour"
        amounts = {**dict.fromkeys(PRICES, 0.0), mine: hours}
        amounts |= {"gb-month": self.written / _GIGA, "gb-egress": self.read / _GIGA}
        return {name: (amounts[name], amounts[name] * price) for name, price in prices.items()}


@dataclass(frozen=True)
class _Task:
    """A task, or as many as a loop makes of it.

    Attributes:
        loops: The loops of a study that it stands in, by the parameter with their items.
        parts: Tasks that share its work; each reads all of its inputs and writes a part.
        function: The function that it runs.
        spec: Its specification in the IR.
        component: Its component.
    """

    loops: tuple[str, ...]
    parts: int
    function: str
    spec: Mapping[str, Any]
    component: Mapping[str, Any]

    @property
    def no_pretraining(self) -> bool:
        """Whether it makes the no-pretraining baseline."""
        stated = self.spec.get("inputs", {}).get("parameters", {}).get("no_pretraining", {})
        return bool(stated.get("runtimeValue", {}).get("constant", False))

    def artifact(self, name: str) -> str:
        """The artifact behind the name of an input or output: all parts together have the size of the whole."""
        if name in ("part", "parts"):
            return {"corpus": "corpus", "mixture": "tokens"}.get(self.function.partition("_")[0], name)
        return {"language_models": "language_model"}.get(name, name.partition("_no_pretraining")[0])


def estimate_cost(ir: Mapping[str, Any], profile: str, plan: StudyPlan | None, kind: Device) -> CostEstimate:
    """Estimates the cost of a pipeline.

    Args:
        ir: The compiled pipeline; the bytes that move follow from its tasks.
        profile: The checked profile, as YAML text.
        plan: The planned study; None for the pipeline of one run.
        kind: The kind of device that the stages compute on.
    """
    stated = read_mapping(profile)
    runs = [(run.settings, run.no_pretraining) for run in plan.runs()] if plan else [(stated, False)]
    texts, variants, ways = (len(plan.texts), len(plan.variants), len(plan.ways)) if plan else (1, 1, 1)
    examinations = len(plan.examinations) if plan else 1
    items = {_TEXTS: texts, _VARIANTS: variants}
    sizes = [artifact_bytes(_without_exports(run) if no_pretraining else run) for run, no_pretraining in runs]
    mean = _mean([size for size, (_, no_pretraining) in zip(sizes, runs, strict=True) if not no_pretraining])
    baseline = _mean(
        [size for size, (_, no_pretraining) in zip(sizes, runs, strict=True) if no_pretraining]
        or [artifact_bytes(_without_exports(stated))]
    )
    stored: defaultdict[str, float] = defaultdict(float)
    made: defaultdict[str, int] = defaultdict(int)  # by the runs that share a text
    read = 0.0
    for task in _tasks(ir, ir["root"], (), 1):
        times = prod(items[loop] for loop in task.loops)
        for name in task.component.get("outputDefinitions", {}).get("artifacts", {}):
            stored[name] += times * (baseline if task.no_pretraining else mean).get(task.artifact(name), 0.0)
            if _TEXTS in task.loops:
                made[task.artifact(name)] += times // texts
        for name in task.spec.get("inputs", {}).get("artifacts", {}):
            listed = task.component["inputDefinitions"]["artifacts"][name].get("isArtifactList", False)
            each = 1 if name == "parts" else variants if listed else task.parts
            read += times * each * mean.get(task.artifact(name), 0.0)
    by_run = [device_hours(run, kind, no_pretraining=no_pretraining) for run, no_pretraining in runs]
    units = [by_run[begin : begin + ways] for begin in range(0, len(runs), ways)]
    hours = {
        "pretrain": sum(unit[0]["pretrain"] for unit in units),
        "adapt": sum(run["adapt"] for unit in units for run in unit[::examinations]),
        "evaluate": sum(run["evaluate"] for run in by_run),
    }
    if not plan:  # the baseline learns to see and is evaluated as well
        hours = {stage: spent * (1 if stage == "pretrain" else 2) for stage, spent in hours.items()}
    ranks = [PretrainConfig.parse(run).ranks for run, _ in runs[::ways]]
    lasting = tuple(unit[0]["pretrain"] / sharing for unit, sharing in zip(units, ranks, strict=True))
    seeing = tuple(
        sum(run["adapt"] for run in unit[::examinations]) + sum(run["evaluate"] for run in unit) for unit in units
    )
    share = {name: count / (variants * ways) for name, count in made.items()}
    added = [sum(part * size.get(name, 0.0) for name, part in share.items()) for size in sizes]
    own = tuple(sum(added[begin : begin + ways]) for begin in range(0, len(runs), ways))
    return CostEstimate(texts, variants, ways, hours, lasting, seeing, kind, dict(stored), own, read)


def _mean(sizes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(size[name] for size in sizes) for name in sizes[0]}


def _tasks(ir: Mapping[str, Any], component: Mapping[str, Any], loops: tuple[str, ...], parts: int) -> Iterator[_Task]:
    """The tasks of a pipeline; those of a loop once, with the loops that they stand in."""
    for spec in component["dag"]["tasks"].values():
        below = ir["components"][spec["componentRef"]["name"]]
        if "dag" not in below:
            executor = ir["deploymentSpec"]["executors"][below["executorLabel"]]
            yield _Task(loops, parts, function_of(executor), spec, below)
            continue
        items = spec.get("parameterIterator", {}).get("items", {})
        if "raw" in items:
            yield from _tasks(ir, below, loops, parts * len(json.loads(items["raw"])))
        else:
            named = [items["inputParameter"].removeprefix("pipelinechannel--")] if items else []
            yield from _tasks(ir, below, (*loops, *named), parts)


def _without_exports(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the no-pretraining baseline, which has no earlier states."""
    return {**profile, "pretrain": {**profile.get("pretrain", {}), "exports": []}}
