"""What ranks that train will take, estimated before they start, and what there is of it: memory, disk, hours."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from inkling.components.shared.launch.config import RanksConfig
from inkling.components.shared.runtime.progress import note
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

    def needed(self, processes: int) -> float:
        """Bytes that so many ranks of a machine hold of one memory: of a CPU's all do, of a GPU's each its own."""
        return self.memory.total * (processes if self.device.kind == "cpu" else 1)

    def fits(self, processes: int) -> bool:
        """Whether so many ranks of a machine fit its memory."""
        return self.needed(processes) <= self.device.memory

    def too_large(self, processes: int) -> str:
        """What does not fit what, in words."""
        kind = self.device
        room = f"{gigabytes(kind.memory)} of {'the machine' if kind.kind == 'cpu' else kind.name}"
        return f"{gigabytes(self.needed(processes))} of memory do not fit the {room}. "


def estimate(plan: Plan, kind: Device) -> ResourceEstimate:
    """What a run takes on a kind of device."""
    time = hours(plan, kind.rate(plan.bf16), kind.share)
    return ResourceEstimate(plan, kind, memory(plan, kind.kind), disk(plan, CHECKPOINTS_ON_DISK), time)


def known_device(config: RanksConfig, threads: int) -> Device | None:
    """What a rank computes on; None where that is a device of a pod which nothing says the kind of, and is noted.

    Args:
        config: The stage's configuration.
        threads: Threads of a rank.
    """
    named = config.launch.device
    if named == AUTO and config.launches_pods and config.placement.of(config.stage).accelerator:
        note(
            f"memory and hours are not estimated: say in {config.stage}.launch.device what devices the ranks' pods have"
        )
        return None
    return rank_device(config, named, threads)


def rank_device(config: RanksConfig, name: str, threads: int) -> Device:
    """What a rank computes on: a kind of device, or the CPU; that of a pod has the memory that the pod is given.

    Args:
        config: The stage's configuration.
        name: Name of the kind; `auto` for what this machine has.
        threads: Threads of a rank.
    """
    kind = device(name, threads)
    if kind.kind == "cpu" and config.launches_pods:
        return replace(kind, memory=_bytes(config.placement.of(config.stage).memory))
    return kind


def uses_bf16(config: RanksConfig, kind: Device) -> bool:
    """Whether matrices are multiplied in bf16 on a kind of device."""
    return kind.kind == "cuda" if config.precision == "auto" else config.precision == "bf16"


def free_disk(config: RanksConfig, work: Path) -> float:
    """Bytes free for checkpoints: on this disk, and on the scratch of the ranks' pods where they write to it first."""
    here = float(shutil.disk_usage(_existing(work)).free)
    if config.launches_pods and config.launch.storage is not None:
        return min(here, _bytes(config.placement.of(config.stage).ephemeral_storage))
    return here


def gigabytes(size: float) -> str:
    """Bytes for a person."""
    return f"{size / _GIGA:,.1f} GB"


def _bytes(quantity: str | None) -> float:
    """Bytes of a Kubernetes quantity such as 96Gi."""
    from kubernetes.utils import parse_quantity

    return float(parse_quantity(quantity))


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
