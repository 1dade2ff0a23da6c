"""What the pods of a stage count for against the quotas of a cluster, by the names of a ResourceQuota."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from kubernetes.utils import parse_quantity

from inkling.components.adapt.config import AdaptConfig
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.launch.config import LaunchedConfig
from inkling.components.shared.launch.placement import Placement, PlacementConfig

Amounts = Mapping[str, Decimal]
"""Cores, bytes, devices and pods, by the names of a ResourceQuota, such as requests.cpu, limits.memory and pods."""
UNSTATED: Amounts = {
    name: parse_quantity(amount)
    for name, amount in {
        "requests.cpu": "50m",
        "requests.memory": "64Mi",
        "requests.ephemeral-storage": "64Mi",
        "limits.cpu": "500m",
        "limits.memory": "512Mi",
    }.items()
}
"""What a container gets that states nothing: the LimitRange of manifests/base/limits.yaml."""
_BYTES = ("memory", "ephemeral-storage")


@dataclass(frozen=True)
class StagePods:
    """The pods of each stage of a profile.

    Attributes:
        tasks: The placement of the tasks' own pods.
        ranks: The placement of the pods that are launched for ranks.
        launching: How many pods the stages launch whose ranks have pods of their own, by stage.
    """

    tasks: PlacementConfig
    ranks: PlacementConfig
    launching: Mapping[str, int]

    @classmethod
    def of(cls, profile: str) -> Self:
        """Those of a checked profile, YAML text."""
        launching = {config.stage: config.nodes for config in done_on_ranks(profile) if config.launches_pods}
        return cls(task_placement(profile), PlacementConfig.parse(profile), launching)

    def stated(self, stage: str) -> list[tuple[str, int, Amounts]]:
        """What the pods of a stage state of their own container: whose they are in words, how many, and what of one."""
        one = {"pods": Decimal(1)}
        kinds: list[tuple[str, int, Amounts]] = [("its pod", 1, {**_stated(self.tasks.of(stage)), **one})]
        if stage in self.launching:
            kinds.append(("the pods of its ranks", self.launching[stage], {**_stated(self.ranks.of(stage)), **one}))
        return kinds

    def amounts(self, stage: str, trains: bool = True) -> Amounts:
        """What all pods of a stage's task count for together.

        A task's pod has a second container, Argo's, which waits for the first and states nothing.

        Args:
            stage: The stage.
            trains: Whether the task trains; the no-pretraining baseline launches no ranks.
        """
        pods = [{**UNSTATED, **_stated(self.tasks.of(stage))}, UNSTATED, {"pods": Decimal(1)}]
        if stage in self.launching and trains:
            one = {**UNSTATED, **_stated(self.ranks.of(stage)), "pods": Decimal(1)}
            pods.append({name: amount * self.launching[stage] for name, amount in one.items()})
        return total(pods)


def task_placement(profile: str) -> PlacementConfig:
    """The placement of a profile's tasks; a stage whose ranks have pods of their own only watches them.

    Args:
        profile: The checked profile, as YAML text.
    """
    placement = PlacementConfig.parse(profile)
    for config in done_on_ranks(profile):
        placement = placement.watching(config.stage) if config.launches_pods else placement
    return placement


def done_on_ranks(profile: str) -> list[LaunchedConfig]:
    """The settings of the stages whose work ranks can share, on one rank or on several.

    Args:
        profile: The checked profile, as YAML text.
    """
    return [PretrainConfig.parse(profile), AdaptConfig.parse(profile), EvaluateConfig.parse(profile)]


def total(amounts: Iterable[Amounts]) -> Amounts:
    """The sum."""
    summed: dict[str, Decimal] = {}
    for one in amounts:
        for name, amount in one.items():
            summed[name] = summed.get(name, Decimal(0)) + amount
    return summed


def shown(resource: str, amount: Decimal) -> str:
    """An amount as people state it: bytes in Gi, all else as a plain number."""
    if resource.endswith(_BYTES):
        return f"{amount / 2**30:,.1f}Gi"
    return f"{amount.normalize():f}"


def _stated(wanted: Placement) -> Amounts:
    """What a placement states of the container that does the work, each as request and limit."""
    sizes = {"cpu": wanted.cpu, "memory": wanted.memory, "ephemeral-storage": wanted.ephemeral_storage}
    amounts = {
        f"{kind}.{name}": parse_quantity(size)
        for kind in ("requests", "limits")
        for name, size in sizes.items()
        if size is not None
    }
    if wanted.accelerator:
        amounts[f"requests.{wanted.accelerator.type}"] = Decimal(wanted.accelerator.count)
    return amounts
