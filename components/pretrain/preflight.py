"""What a run will take, estimated before it starts: memory, disk, time; if they do not fit, the nearest that does."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import note
from inkling.models.language.presets import load_preset, preset_names
from inkling.models.training.cost import CHECKPOINTS_ON_DISK, Memory, Plan, disk, hours, memory
from inkling.models.training.devices import AUTO, Device, device

_GIGA = 1e9


@dataclass(frozen=True)
class ResourceEstimate:
    """What a run takes.

    Attributes:
        plan: The run.
        device: What each rank computes on.
        memory: What a rank holds at its peak.
        disk: Bytes on the disk at its fullest.
        hours: From the first step to the last.
    """

    plan: Plan
    device: Device
    memory: Memory
    disk: float
    hours: float

    @property
    def device_hours(self) -> float:
        """Hours of all devices together."""
        return self.hours * self.plan.ranks


def plan_of(config: PretrainConfig, vocabulary: int, kind: Device) -> Plan:
    """The costs of a configuration depend on this much of it."""
    bf16 = kind.kind == "cuda" if config.precision == "auto" else config.precision == "bf16"
    return Plan(
        language=load_preset(config.preset),
        vocabulary=vocabulary,
        tokens=config.steps * config.batch * config.context,
        batch=config.batch,
        context=config.context,
        ranks=config.ranks,
        accumulate=config.accumulate,
        sharded=config.strategy == "fsdp2",
        bf16=bf16,
        exports=len(config.exports),
    )


def estimate(plan: Plan, kind: Device) -> ResourceEstimate:
    """What a run takes on a kind of device."""
    time = hours(plan, kind.rate(plan.bf16), kind.share)
    return ResourceEstimate(plan, kind, memory(plan, kind.kind), disk(plan, CHECKPOINTS_ON_DISK), time)


def check(config: PretrainConfig, vocabulary: int, work: Path) -> None:
    """Refuses a run that this machine, or the cluster of its settings, cannot hold.

    Args:
        config: The stage's configuration.
        vocabulary: Entries of the tokenizer.
        work: Where its checkpoints go.

    Raises:
        ConfigError: If memory, disk or the hours allowed do not suffice; the message names the nearest run that fits.
    """
    named = config.launch.device
    if named == AUTO and config.launches_pods and config.placement.of(config.stage).accelerator:
        note("memory and hours are not estimated: say in pretrain.launch.device what devices the ranks' pods have")
        return
    kind = rank_device(config, named)
    found = estimate(plan_of(config, vocabulary, kind), kind)
    note(
        f"{found.plan.parameters:,} parameters, {found.plan.tokens:,} tokens: about "
        f"{_size(found.memory.total)} a rank, {_size(found.disk)} on disk, {found.device_hours:.2f} device hours"
    )
    if reason := refusal(found, config.processes, _free(config, work), config.launch.hours):
        raise ConfigError(f"pretrain would not end well: {reason}")


def rank_device(config: PretrainConfig, name: str) -> Device:
    """What a rank computes on: a kind of device, or the CPU; that of a pod has the memory that the pod is given.

    Args:
        config: The stage's configuration.
        name: Name of the kind; `auto` for what this machine has.
    """
    kind = device(name, config.threads)
    if kind.kind == "cpu" and config.launches_pods:
        return replace(kind, memory=_bytes(config.placement.of(config.stage).memory))
    return kind


def refusal(found: ResourceEstimate, processes: int, free: float, limit: float | None) -> str | None:
    """Why a run cannot fit, and the nearest one that does; None if it fits.

    Args:
        found: What it takes.
        processes: Ranks of a machine; they share the memory of its CPU.
        free: Bytes free on the disk.
        limit: Hours allowed; None for any number.
    """
    plan = found.plan
    if not _fits(found, processes):
        room = f"{_size(found.device.memory)} of {'the machine' if found.device.kind == 'cpu' else found.device.name}"
        near = next((words for words, other in _smaller(plan) if _fits(estimate(other, found.device), processes)), None)
        return (
            f"{_size(_needed(found, processes))} of memory do not fit the {room}. "
            + (f"The nearest that fits: {near}" if near else "No preset is small enough: use a larger device")
        )  # fmt: skip
    if found.disk > free:
        return f"{_size(found.disk)} of checkpoints and models do not fit the {_size(free)} that are free: " + (
            f"free {_size(found.disk - free)}" + (", or keep fewer exports" if plan.exports else "")
        )
    if limit is not None and found.hours > limit:
        tokens = int(plan.tokens * limit / found.hours)
        return (
            f"about {found.hours:.2f} hours are more than the {limit:g} allowed. "
            f"The nearest that fits: token_budget {tokens:,}, or {-(-found.device_hours // limit):.0f} devices"
        )
    return None


def _needed(found: ResourceEstimate, processes: int) -> float:
    return found.memory.total * (processes if found.device.kind == "cpu" else 1)


def _fits(found: ResourceEstimate, processes: int) -> bool:
    return _needed(found, processes) <= found.device.memory


def _smaller(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Runs that hold less, from the nearest on: smaller parts of a batch, shards, more devices, smaller presets."""
    share = plan.batch // plan.ranks
    parts = [count for count in range(plan.accumulate, share + 1) if share % count == 0]
    for sharded in dict.fromkeys((plan.sharded, plan.ranks > 1)):
        for accumulate in parts:
            words = f"micro_batch {share // accumulate}" + (" with strategy fsdp2" if sharded > plan.sharded else "")
            yield words, replace(plan, accumulate=accumulate, sharded=sharded)
    ranks = 2 * plan.ranks
    while plan.batch % ranks == 0:
        words = f"strategy fsdp2 on {ranks} devices with micro_batch 1"
        yield words, replace(plan, ranks=ranks, accumulate=plan.batch // ranks, sharded=True)
        ranks *= 2
    presets = {name: replace(plan, language=load_preset(name), accumulate=share) for name in preset_names()}
    for name, other in sorted(presets.items(), key=lambda item: -item[1].parameters):
        if other.parameters < plan.parameters and other.language.max_position_embeddings >= plan.context:
            yield f"preset {name} with micro_batch 1", other


def _free(config: PretrainConfig, work: Path) -> float:
    """Bytes free for checkpoints: on this disk, and on the scratch of the ranks' pods where they write to it first."""
    here = float(shutil.disk_usage(_existing(work)).free)
    if config.launches_pods and config.launch.storage is not None:
        return min(here, _bytes(config.placement.of(config.stage).ephemeral_storage))
    return here


def _bytes(quantity: str | None) -> float:
    """Bytes of a Kubernetes quantity such as 96Gi."""
    from kubernetes.utils import parse_quantity

    return float(parse_quantity(quantity))


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _size(size: float) -> str:
    """Bytes for a person."""
    return f"{size / _GIGA:,.1f} GB"
