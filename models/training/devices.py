"""Kinds of device that a run can be planned for, and what this machine has: memory, and the rate of its products."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml

if TYPE_CHECKING:
    import torch

AUTO = "auto"
_CHOICES = Path(__file__).with_name("devices.yaml")
_LIMIT, _MEMORY = Path("/sys/fs/cgroup/memory.max"), Path("/proc/meminfo")
_SIDE, _SECONDS = 768, 0.3


@dataclass(frozen=True)
class Device:
    """A kind of device.

    Attributes:
        name: Its name in `devices.yaml`.
        kind: "cpu" or "cuda".
        memory: Bytes that a run may use; on a CPU shared by all ranks of the machine.
        rates: Dense matrix products, operations a second, in fp32 and in bf16.
        share: Part of that rate which training is assumed to reach.
    """

    name: str
    kind: Literal["cpu", "cuda"]
    memory: float
    rates: tuple[float, float]
    share: float

    def rate(self, bf16: bool) -> float:
        """Operations a second in bf16 or fp32."""
        return self.rates[bf16]


def device_names() -> list[str]:
    """Names of the kinds that are known."""
    return sorted(yaml.safe_load(_CHOICES.read_text()))


def device(name: str, threads: int = 1) -> Device:
    """A kind of device; this machine's own memory and speed are measured.

    Args:
        name: Its name, or "auto": what this machine has.
        threads: Threads with which a CPU is measured.

    Raises:
        ValueError: If there is none of that name.
    """
    table = yaml.safe_load(_CHOICES.read_text())
    if name == AUTO:
        return _own_gpu(table) or device("cpu", threads)
    if name not in table:
        raise ValueError(f"unknown device '{name}'. Valid: {', '.join((AUTO, *sorted(table)))}")
    row = table[name]
    if name == "cpu":
        rate = _cpu_rate(threads)
        return Device(name, "cpu", available_memory(), (rate, rate), row["share"])
    return Device(name, "cuda", 1e9 * row["memory"], (row["fp32"], row["bf16"]), row["share"])


def accelerator() -> "torch.device":
    """What this machine computes on: its first GPU if it has one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _own_gpu(table: dict[str, dict[str, float]]) -> Device | None:
    """This machine's first GPU; one that the table does not know counts as the slowest of it."""
    import torch

    if not torch.cuda.is_available():
        return None
    label = torch.cuda.get_device_name(0).lower()
    known = [name for name in table if name != "cpu"]
    name = next((name for name in known if name.split("-")[0] in label), min(known, key=lambda n: table[n]["bf16"]))
    row = table[name]
    return Device(name, "cuda", float(torch.cuda.mem_get_info()[1]), (row["fp32"], row["bf16"]), row["share"])


def available_memory() -> float:
    """Bytes of main memory that this process could still take."""
    lines = dict(line.split(":") for line in _MEMORY.read_text().splitlines())
    free = 1024.0 * int(lines["MemAvailable"].split()[0])
    limit = _LIMIT.read_text().strip() if _LIMIT.exists() else "max"
    return free if limit == "max" else min(free, float(limit))


def matrix_rate(rows: int, columns: int, products: int, device: str, bf16: bool) -> float:
    """Floating-point operations a second of (rows, columns) @ (columns, products), the best of 0.3 seconds.

    Args:
        rows: Tokens that a rank takes at a time.
        columns: Channels that are summed over, such as `hidden_size`.
        products: Channels that come out, such as `intermediate_size`.
        device: "cpu" or "cuda".
        bf16: Whether matrices are multiplied in bf16.
    """
    import torch

    kind = torch.bfloat16 if bf16 else torch.float32
    left = torch.ones((rows, columns), dtype=kind, device=device)
    right = torch.ones((columns, products), dtype=kind, device=device)
    best, until = float("inf"), time.monotonic() + _SECONDS
    with torch.inference_mode():
        while time.monotonic() < until:
            began = time.perf_counter()
            left @ right
            if device == "cuda":
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - began)
    return 2.0 * rows * columns * products / best


def _cpu_rate(threads: int) -> float:
    """The rate of square products with a number of threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    rate = matrix_rate(_SIDE, _SIDE, _SIDE, "cpu", bf16=False)
    torch.set_num_threads(before)
    return rate
