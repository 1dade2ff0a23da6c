"""How fast a GPU trains: `fit` and a plain loop with the same network, batches and optimiser, eager and compiled."""

import resource
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from parts.clock import Clock, Enough
from parts.loops import RandomTokens, attention, fit_loop, plain_loop
from unit import ONE_AT_A_TIME, Figures, Row, Sizes, Unit

GOAL = 0.4
"""Share of the device's peak that `fit` is to reach."""


class Throughput:
    """Each unit is a loop that trains for some seconds, in a process of its own, so that its peak memory is its own."""

    name = "fast"
    modules = ("torch", "transformers", "pydantic")
    reads_data = False
    lanes = ONE_AT_A_TIME

    def units(self, sizes: Sizes, data: Path, work: Path) -> list[Unit]:
        """A unit a loop, in the order in which the sizes name them."""
        return [
            Unit(
                _name(loop), loop["planned"], partial(measure, {**sizes, **loop}),
                modules=("lightning", "nemo", "omegaconf") if loop["loop"] == "fit" else (),
            )
            for loop in sizes["loops"]
        ]  # fmt: skip

    def tables(self, rows: Sequence[Row]) -> str:
        """A line a loop, where the time of a step goes, and how `fit` compares with the plain loop and the goal."""
        found = {row.unit: row.figures for row in rows if row.figures}
        lines = [
            "| loop | tokens/s | of peak | of matrix products | step, ms | GiB | start, s | first loss | steps |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        lines += [
            f"| {name} | {one['rate']:,.0f} | {one['of_peak']:.1%} | {one['of_products']:.1%} "
            f"| {1000 * one['step']:,.1f} | {one['memory']:.1f} | {one['start']:.1f} | {one['first_loss']:.3f} "
            f"| {one['steps']} |"
            for name, one in found.items()
        ]
        lines += ["", *_verdicts(list(found.values()))]
        for name, one in found.items():
            if one["spent"]:
                spent = ", ".join(f"{kind} {share:.1%}" for kind, share in one["spent"].items())
                lines.append(f"- a step of `{name}` goes to: {spent}.")
        return "\n".join(lines)


def _name(loop: Sizes) -> str:
    how = "compiled" if loop["compiled"] else "eager"
    return ", ".join([loop["loop"], how, loop["preset"], f"{loop['batch']} sequences", *loop.get("trials", ())])


def _verdicts(found: Sequence[Figures]) -> list[str]:
    """A line for each `fit`: its share of the peak beside the goal, and its rate beside those of the plain loops."""
    lines = []
    for one in found:
        if one["loop"] == "fit":
            met = "reaches" if one["of_peak"] >= GOAL else "misses"
            rivals = [
                f"; {one['rate'] / other['rate']:.2f} times the rate of `{_name(other)}`"
                for other in found
                if other["loop"] == "plain" and all(other[same] == one[same] for same in ("preset", "batch"))
            ]
            lines.append(
                f"- `{_name(one)}` {met} the goal of {GOAL:.0%} of the peak of {one['peak'] / 1e12:,.1f} "
                f"TFLOP/s ({one['device']}){''.join(rivals)}."
            )
    return lines


def measure(sizes: Sizes) -> Figures:
    """Builds the network and trains it until the clock has seen enough; importing libraries is not counted."""
    import torch

    from inkling.models.language.presets import load_preset
    from inkling.models.training.devices import device, matrix_rate

    torch.set_num_threads(sizes["threads"])
    train = fit_loop() if sizes["loop"] == "fit" else plain_loop
    kind, bf16, shape = device("auto", sizes["threads"]), sizes["precision"] == "bf16", load_preset(sizes["preset"])
    tokens = sizes["batch"] * sizes["context"]
    products = matrix_rate(tokens, shape.hidden_size, shape.intermediate_size, kind.kind, bf16)
    batches = RandomTokens(sizes["vocabulary"], sizes["batch"], sizes["context"])
    clock = Clock(sizes["warm"], sizes["seconds"], sizes.get("profiled", False))
    began = time.perf_counter()
    network = shape.build(sizes["vocabulary"], 0, kind.kind).train()
    with suppress(Enough), attention(sizes):
        train(network, batches, clock, sizes)
    step = statistics.median(clock.steps)
    rate = tokens / step
    operations = rate * shape.operations(sizes["vocabulary"], sizes["context"])
    return {
        **{name: sizes[name] for name in ("loop", "compiled", "preset", "batch", "precision")},
        "trials": list(sizes.get("trials", ())),
        "device": torch.cuda.get_device_name() if kind.kind == "cuda" else "CPU, its rate measured",
        "peak": kind.rate(bf16),
        "rate": rate,
        "of_peak": operations / kind.rate(bf16),
        "of_products": operations / products,
        "step": step,
        "start": clock.ends[sizes["warm"] - 1] - began - sizes["warm"] * step,
        "memory": _peak_memory(kind.kind) / 2**30,
        "first_loss": clock.losses[0],
        "steps": len(clock.steps),
        "spent": clock.spent,
    }


def _peak_memory(kind: str) -> int:
    """Bytes: of tensors on a GPU, of the process on a CPU."""
    import torch

    if kind == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
