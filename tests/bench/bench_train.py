"""Training: tokens a second of `fit` against a plain torch loop of the same network, data and batch, in turn.

Each measurement is a process of its own, forked from one that has imported everything, so that its peak memory is its
own too. Start-up is not in the rates; what compiling costs at the start is counted against its gain over a budget.

Example:
    python tests/bench/bench_train.py --preset laptop --rounds 3
"""

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import Moment, StepClock, now

from inkling.models.language.presets import load_preset
from inkling.models.training.devices import matrix_rate
from inkling.models.training.fit import fit
from inkling.models.training.job import Execution, Optimization
from inkling.models.training.process import quiet_frameworks

VOCABULARY, WARM = 4096, 5
Figures = dict[str, float]


class _Batches:
    """Random tokens; what is measured does not depend on what they say."""

    def __init__(self, batch: int, context: int, steps: int) -> None:
        rows = np.random.default_rng(0).integers(3, VOCABULARY, (8, batch, context + 1))
        self._rows, self.steps = torch.from_numpy(rows), steps

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        tokens = self._rows[step % 8]
        return {"inputs": tokens[:, :-1].contiguous(), "targets": tokens[:, 1:].contiguous()}


def _loss(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    logits = network(input_ids=batch["inputs"], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch["targets"].flatten())


def _plain_step(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, batch: dict[str, torch.Tensor]
) -> float:  # fmt: skip
    optimizer.zero_grad()
    loss = _loss(network, batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def _optimizer(network: torch.nn.Module) -> torch.optim.AdamW:
    return torch.optim.AdamW(network.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)


def plain(preset: str, batches: _Batches) -> list[Moment]:
    """The loop that one would write by hand; returns when each step ended."""
    network = load_preset(preset).build(VOCABULARY, 0).train()
    optimizer = _optimizer(network)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, batches.steps)
    ends = []
    for step in range(batches.steps):
        _plain_step(network, optimizer, batches.batch(step))
        schedule.step()
        ends.append(now())
    return ends


def _fitted(preset: str, batches: _Batches, compiled: bool) -> list[Moment]:
    clock, network = StepClock(), load_preset(preset).build(VOCABULARY, 0).train()
    with tempfile.TemporaryDirectory() as work:
        fit(
            network, _loss, batches, Optimization(batches.steps, 1e-3), Path(work), seed=0,
            checkpoint_every=batches.steps + 1, progress=lambda done: clock, execution=Execution(compile=compiled),
        )  # fmt: skip
    return clock.ends


def ours(preset: str, batches: _Batches) -> list[Moment]:
    """The engine; returns when each step ended."""
    return _fitted(preset, batches, compiled=False)


def ours_compiled(preset: str, batches: _Batches) -> list[Moment]:
    """The engine with compiled blocks; returns when each step ended."""
    return _fitted(preset, batches, compiled=True)


def _measure(loop: Callable[..., list[Moment]], arguments: argparse.Namespace, answer: Any) -> None:
    torch.set_num_threads(arguments.threads)
    batches = _Batches(arguments.batch, arguments.context, arguments.steps)
    began = time.perf_counter()
    ends = loop(arguments.preset, batches)
    step, busy = np.median(np.diff(ends, axis=0)[WARM:], axis=0)
    tokens = arguments.batch * arguments.context
    answer.send(
        {
            "rate": tokens / step,
            "busy": tokens / busy,
            "start": ends[WARM][0] - began - WARM * step,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )


def _apart(loop: Callable[..., list[Moment]], arguments: argparse.Namespace) -> Figures:
    """Measures a loop in a process of its own."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(loop, arguments, sending))
    child.start()
    figures: Figures = receiving.recv()
    child.join()
    return figures


def _profile(arguments: argparse.Namespace, answer: Any) -> None:
    """Shares of the time of a step by operator, those of matrix products first."""
    torch.set_num_threads(arguments.threads)
    batches = _Batches(arguments.batch, arguments.context, 8)
    network = load_preset(arguments.preset).build(VOCABULARY, 0).train()
    optimizer = _optimizer(network)
    for step in range(3):
        _plain_step(network, optimizer, batches.batch(step))
    began = time.perf_counter()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for step in range(3, 8):
            _plain_step(network, optimizer, batches.batch(step))
    whole = time.perf_counter() - began
    times = {event.key: event.self_cpu_time_total / 1e6 / whole for event in profile.key_averages()}
    answer.send(dict(sorted(times.items(), key=lambda item: -item[1])[: arguments.operators]))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true", help="measure the compiled engine too (minutes of start-up)")
    parser.add_argument("--budget", type=int, default=1_100_000, help="tokens over which compiling must pay")
    parser.add_argument("--operators", type=int, default=10, help="lines of the profile")
    arguments = parser.parse_args()
    quiet_frameworks()
    import inkling.models.training.trainer  # noqa: F401 (imported once, for all the forks)

    loops = (plain, ours, ours_compiled) if arguments.compile else (plain, ours)
    rounds = [{loop.__name__: _apart(loop, arguments) for loop in loops} for _ in range(arguments.rounds)]
    print(f"{arguments.preset}, {arguments.batch} x {arguments.context} tokens a step, {arguments.threads} threads")
    print(
        f"{'loop':<16}{'tokens/s':>10}{'of plain':>10}{'by CPU time':>13}{'peak MiB':>10}{'start s':>9}"
        f"{'tokens/s over budget':>22}"
    )
    for loop in loops:
        own = [figures[loop.__name__] for figures in rounds]
        rate, memory, start = (statistics.median(one[key] for one in own) for key in ("rate", "memory", "start"))
        ratio, busy = (
            statistics.median(one[loop.__name__][key] / one["plain"][key] for one in rounds) for key in ("rate", "busy")
        )
        over = arguments.budget / (start + arguments.budget / rate)
        print(
            f"{loop.__name__:<16}{rate:>10,.0f}{ratio:>10.3f}{busy:>13.3f}{memory:>10,.0f}{start:>9.1f}{over:>22,.0f}"
        )
    torch.set_num_threads(arguments.threads)
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_profile, args=(arguments, sending))
    child.start()
    shares: Figures = receiving.recv()
    child.join()
    shape = load_preset(arguments.preset)
    peak = matrix_rate(
        arguments.batch * arguments.context, shape.hidden_size, shape.intermediate_size, "cpu", bf16=False
    )
    cost = shape.operations(VOCABULARY, arguments.context)
    best = statistics.median(figures["ours"]["rate"] for figures in rounds)
    print(f"matrix products reach {peak / 1e9:,.1f} GFLOP/s here; fit reaches {best * cost / peak:.1%} of that")
    print("where the time of a step goes, by operator:")
    for name, share in shares.items():
        print(f"  {share:6.1%}  {name}")


if __name__ == "__main__":
    main()
