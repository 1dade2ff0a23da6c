"""Where the time of a step goes: kernels of a GPU, or operators of a CPU, told by their names."""

from collections.abc import Sequence
from typing import Any

_KINDS = {
    "attention": ("flash", "fmha", "attention", "sdpa"),
    "matrix products": ("gemm", "nvjet", "cutlass", "aten::mm", "addmm", "bmm", "cublas"),
    "optimiser": ("adam", "multi_tensor"),
    "loss": ("softmax", "nll"),
    "copies and casts": ("memcpy", "memset", "copy"),
    "fused by the compiler": ("triton",),
}
"""What a kernel is for, by parts of its name; the first that fits."""


def shares(events: Sequence[Any], whole: float) -> dict[str, float]:
    """Shares of a time by what the device did in it, and how long it did nothing.

    Args:
        events: What ran, as the profiler sums it up: kernels of a GPU, or operators of a CPU where there is none.
        whole: The time in microseconds.
    """
    kernels = [event for event in events if event.device_type.name != "CPU" and not event.is_user_annotation]
    spent = dict.fromkeys([*_KINDS, "other", "idle"], 0.0)
    for event in kernels or events:
        name, taken = event.key.lower(), event.self_device_time_total if kernels else event.self_cpu_time_total
        kind = next((kind for kind, parts in _KINDS.items() if any(part in name for part in parts)), "other")
        spent[kind] += taken / whole
    spent["idle"] = 1 - sum(spent.values())
    return spent
