"""How fast a GPU trains: `fit` and a plain loop with the same network, batches and optimiser, eager and compiled."""

import itertools
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

from parts.kernels import shares
from unit import Figures, Row, Sizes, Unit

GOAL = 0.4
"""Share of the device's peak that `fit` is to reach."""
CUDNN_ATTENTION, COMPILED_LOSS = "cuDNN attention", "compiled loss"
"""Trials: what a loop may do otherwise, to see what it would gain."""
_BATCHES, _FEWEST_STEPS, _PROFILED_STEPS = 8, 3, 3
_LEARNING_RATE, _BETAS, _DECAY, _CLIP = 3e-4, (0.9, 0.95), 0.1, 1.0


class Throughput:
    """Each unit is a loop that trains for some seconds, in a process of its own, so that its peak memory is its own."""

    name = "fast"
    modules = ("torch", "transformers", "pydantic")
    at_once = 1

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


class Enough(Exception):
    """Raised at the end of the step after which a loop has been measured for long enough."""


class Clock:
    """A meter that notes when each step ended, and ends the training once it has seen enough.

    Who calls it has read the step's loss after the update, so a GPU has done all that the step asked for.
    """

    def __init__(self, warm: int, seconds: float, profiled: bool = False) -> None:
        """Takes the steps that do not count, for how many seconds those that do go on, and whether to profile more."""
        self._warm, self._seconds, self._profiled = warm, seconds, profiled
        self._profile: Any = None
        self._under_profile: list[float] = []
        self.ends: list[float] = []
        self.losses: list[float] = []

    def __enter__(self) -> "Clock":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def advance(self, units: float = 1, **figures: float) -> None:
        """Notes the end of a step; raises `Enough` after the last one."""
        if self._profile is not None:
            self._under_profile.append(time.perf_counter())
            if len(self._under_profile) > _PROFILED_STEPS:
                self._profile.stop()
                raise Enough
            return
        self.ends.append(time.perf_counter())
        self.losses.append(figures["loss"])
        counted = len(self.ends) - self._warm
        if counted > _FEWEST_STEPS and self.ends[-1] - self.ends[self._warm - 1] > self._seconds:
            if not self._profiled:
                raise Enough
            self._start_profile()

    def _start_profile(self) -> None:
        import torch

        self._profile = torch.profiler.profile()
        self._profile.start()
        self._under_profile.append(time.perf_counter())

    @property
    def spent(self) -> dict[str, float]:
        """Shares of the time of a step by what the device did in it; empty if nothing was profiled."""
        if self._profile is None:
            return {}
        whole = 1e6 * (self._under_profile[-1] - self._under_profile[0])
        return shares(self._profile.key_averages(), whole)

    @property
    def steps(self) -> list[float]:
        """Seconds of each step that counts."""
        ends = self.ends[self._warm - 1 :]
        return [end - begin for begin, end in itertools.pairwise(ends)]


class RandomTokens:
    """Batches of random tokens; what is measured does not depend on what they say."""

    def __init__(self, vocabulary: int, batch: int, context: int) -> None:
        """Draws a few batches, which come again and again."""
        import numpy as np
        import torch

        rows = np.random.default_rng(0).integers(3, vocabulary, (_BATCHES, batch, context + 1))
        self._rows = torch.from_numpy(rows)

    def batch(self, step: int) -> dict[str, Any]:
        """The batch of a step: inputs and targets, each int64 (batch, context)."""
        tokens = self._rows[step % _BATCHES]
        return {"inputs": tokens[:, :-1].contiguous(), "targets": tokens[:, 1:].contiguous()}


def measure(sizes: Sizes) -> Figures:
    """Builds the network and trains it until the clock has seen enough; importing libraries is not counted."""
    import torch

    from inkling.models.language.presets import load_preset
    from inkling.models.training.devices import device, matrix_rate

    torch.set_num_threads(sizes["threads"])
    train = _fit_loop() if sizes["loop"] == "fit" else plain_loop
    kind, bf16, shape = device("auto", sizes["threads"]), sizes["precision"] == "bf16", load_preset(sizes["preset"])
    tokens = sizes["batch"] * sizes["context"]
    products = matrix_rate(tokens, shape.hidden_size, shape.intermediate_size, kind.kind, bf16)
    batches = RandomTokens(sizes["vocabulary"], sizes["batch"], sizes["context"])
    clock = Clock(sizes["warm"], sizes["seconds"], sizes.get("profiled", False))
    began = time.perf_counter()
    network = shape.build(sizes["vocabulary"], 0, kind.kind).train()
    with suppress(Enough), _attention(sizes):
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


def _attention(sizes: Sizes) -> AbstractContextManager[None]:
    """Where it is tried, attention is cuDNN's wherever that can do it; torch prefers its own."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    if CUDNN_ATTENTION not in sizes.get("trials", ()):
        return nullcontext()
    order = [SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    return sdpa_kernel(order, set_priority=True)


def plain_loop(network: Any, batches: RandomTokens, clock: Clock, sizes: Sizes) -> None:
    """The loop that one would write by hand around a network of transformers."""
    import torch

    where, bf16 = network.device, sizes["precision"] == "bf16"
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=_LEARNING_RATE, betas=_BETAS, weight_decay=_DECAY, fused=True
    )
    forward = torch.compile(network) if sizes["compiled"] else network
    for step in itertools.count():
        batch = {name: tokens.to(where) for name, tokens in batches.batch(step).items()}
        with torch.autocast(where.type, torch.bfloat16, enabled=bf16):
            logits = forward(input_ids=batch["inputs"], use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch["targets"].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
        optimizer.step()
        optimizer.zero_grad()
        clock.advance(loss=loss.item())


def _fit_loop() -> Callable[..., None]:
    """The engine under the pre-training's loss, its libraries imported."""
    import inkling.models.training.trainer  # noqa: F401 (`fit` would import it while the clock runs)
    from inkling.components.pretrain.train import next_token_loss
    from inkling.models.training.fit import fit
    from inkling.models.training.job import Execution, Optimization

    def train(network: Any, batches: RandomTokens, clock: Clock, sizes: Sizes) -> None:
        steps = 1_000_000  # the clock ends it before
        optimization = Optimization(steps, _LEARNING_RATE, weight_decay=_DECAY, betas=_BETAS, gradient_clip=_CLIP)
        loss = _compiled_loss() if COMPILED_LOSS in sizes.get("trials", ()) else next_token_loss
        execution = Execution(precision=sizes["precision"], compile=sizes["compiled"])
        with tempfile.TemporaryDirectory() as work:
            fit(
                network, loss, batches, optimization, Path(work), seed=0, checkpoint_every=steps,
                progress=lambda done: clock, execution=execution,
            )  # fmt: skip

    return train


def _compiled_loss() -> Callable[..., Any]:
    """The pre-training's loss in one kernel: logits in fp32 are never written to memory."""
    import torch

    @torch.compile
    def cost(logits: Any, targets: Any) -> Any:
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    return lambda network, batch: cost(network(input_ids=batch["inputs"], use_cache=False).logits, batch["targets"])


def _peak_memory(kind: str) -> int:
    """Bytes: of tensors on a GPU, of the process on a CPU."""
    import torch

    if kind == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
