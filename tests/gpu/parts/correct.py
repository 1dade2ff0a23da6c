"""Is what a GPU computes right: the CPU's losses, the bits of a seed, ranks, a killed run, the `gpu` tests."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forks import Fork, end_with, forked
from unit import ONE_AT_A_TIME, Figures, Row, Sizes, Unit

ROOT = Path(__file__).resolve().parents[3]
_TOKENS = 64
SAME_LOSS = 1e-3
"""Nats that a step's loss may differ in fp32 for the training to count as the same: sums in another order, no more."""


class Correct:
    """Each unit says in `right` whether it found what it should."""

    name = "correct"
    modules = ("lightning", "nemo", "omegaconf", "pydantic")
    reads_data = False
    lanes = ONE_AT_A_TIME

    def units(self, sizes: Sizes, data: Path, work: Path) -> list[Unit]:
        """The units in order of worth."""
        units = [
            Unit("fp32 losses as on the CPU", 15, lambda: as_on_the_cpu(sizes, work)),
            Unit("bf16, the same seed twice", 36, lambda: the_same_twice(sizes, work)),
            Unit("bf16, killed and gone on", 36, lambda: killed(sizes, work)),
            Unit("ddp on one rank", 14, lambda: one_rank("ddp", sizes, work)),
            Unit("fsdp2 on one rank", 18, lambda: one_rank("fsdp2", sizes, work)),
        ]
        files = sizes.get("plan", {}).get("tests", ())
        tests = Unit("the tests marked gpu", 75, lambda: gpu_tests(files), modules=("pytest", "hypothesis"))
        return [*units, tests] if files else units

    def tables(self, rows: Sequence[Row]) -> str:
        """Verdict and figures of each check."""
        lines = ["| check | right | found |", "|---|---|---|"]
        for row in rows:
            found = row.failure or ", ".join(
                f"{name} {_short(value)}" for name, value in row.figures.items() if name != "right"
            )
            lines.append(f"| {row.unit} | {'yes' if row.figures.get('right') else '**no**'} | {found} |")
        return "\n".join(lines)


class RepeatedTokens:
    """Batches of random tokens of the first few, each of which stands twice: there is something to learn at once."""

    def __init__(self, sizes: Sizes) -> None:
        """Takes the shape of a batch."""
        self._shape = (sizes["batch"], sizes["context"] // 2 + 1)

    def batch(self, step: int) -> dict[str, Any]:
        """The batch of a step."""
        return self.part(step, 0, 1)

    def part(self, step: int, index: int, count: int) -> dict[str, Any]:
        """One of `count` equal parts of it, int64 (batch / count, context)."""
        import numpy as np
        import torch

        rows = np.random.default_rng((7, step)).integers(3, _TOKENS, self._shape).repeat(2, axis=1)
        tokens = torch.from_numpy(np.array_split(rows, count)[index])
        return {"inputs": tokens[:, :-2].contiguous(), "targets": tokens[:, 1:-1].contiguous()}


def train(sizes: Sizes, work: Path, **execution: Any) -> tuple[list[float], str]:
    """Trains the part's network in `work`; returns the loss of each step and the digest of the weights."""
    import torch

    from inkling.components.pretrain.train import next_token_loss
    from inkling.models.language.presets import load_preset
    from inkling.models.training.fit import fit
    from inkling.models.training.job import Execution, Optimization

    torch.set_num_threads(sizes["threads"])
    network = load_preset(sizes["preset"]).build(sizes["vocabulary"], seed=0)
    fitted = fit(
        network, next_token_loss, RepeatedTokens(sizes), Optimization(sizes["steps"], 2e-3, warmup_steps=5), work,
        seed=0, checkpoint_every=sizes["checkpoint_every"], execution=Execution(**execution),
    )  # fmt: skip
    found = hashlib.sha256()
    if execution.get("strategy") != "fsdp2":  # which leaves its shards on the ranks
        for name, value in sorted(network.state_dict().items()):
            found.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    return [row.loss for row in fitted.rows], found.hexdigest()


def as_on_the_cpu(sizes: Sizes, work: Path) -> Figures:
    """The losses of a run in fp32 on the GPU, beside those of the same run on the CPU."""
    cpu, _ = forked(lambda: train(sizes, fresh(work / "cpu")), CUDA_VISIBLE_DEVICES="")
    device, _ = forked(lambda: train(sizes, fresh(work / "device")))
    return _compared(device, cpu, sizes)


def one_rank(strategy: str, sizes: Sizes, work: Path) -> Figures:
    """The losses in fp32 of a distributed run's only rank, beside those of a run without ranks."""
    alone, _ = forked(lambda: train(sizes, fresh(work / "alone")))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    launched = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1", "MASTER_PORT": port}
    rank, _ = forked(
        lambda: train(sizes, fresh(work / strategy), strategy=strategy), MASTER_ADDR="127.0.0.1", **launched
    )
    return _compared(rank, alone, sizes)


def the_same_twice(sizes: Sizes, work: Path) -> Figures:
    """Two runs of one seed in bf16, each in a process of its own."""

    def run(name: str) -> tuple[list[float], str]:
        return train(sizes, fresh(work / name), precision="bf16", compile=sizes["compile"])

    first, second = forked(lambda: run("first")), forked(lambda: run("second"))
    figures = _compared(first[0], second[0], sizes)
    return {**figures, "right": first == second, "weights": "equal" if first[1] == second[1] else "differ"}


def killed(sizes: Sizes, work: Path) -> Figures:
    """A run in bf16 that is killed after its first checkpoint and goes on, beside an undisturbed one."""

    def run(name: str) -> tuple[list[float], str]:
        return train(sizes, work / name, precision="bf16", compile=sizes["compile"])

    whole = forked(lambda: run(fresh(work / "undisturbed").name))
    fork = Fork(lambda: run(fresh(work / "killed").name))
    until = time.monotonic() + 120
    while not (stored := list((work / "killed").glob("*/checkpoints/*"))) and time.monotonic() < until:
        time.sleep(0.01)
    fork.kill()
    again = forked(lambda: run("killed"))
    figures = _compared(again[0], whole[0], sizes)
    right = again == whole and bool(stored)
    return {**figures, "right": right, "weights": "equal" if again[1] == whole[1] else "differ"}


def gpu_tests(files: Sequence[str]) -> Figures:
    """The tests marked `gpu` in some files; skipped ones count as not right."""
    report = (
        Path(os.environ["TMPDIR"]) / "gpu-tests.xml" if "TMPDIR" in os.environ else ROOT / ".build" / "gpu-tests.xml"
    )
    report.parent.mkdir(parents=True, exist_ok=True)
    program = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", f"--junitxml={report}"]
    unit = os.getpid()
    ended = subprocess.run(
        [*program, *files], cwd=ROOT, capture_output=True, text=True, preexec_fn=lambda: end_with(unit)
    )
    print(ended.stdout, ended.stderr)
    if not report.exists():
        raise RuntimeError(f"pytest wrote no report: {(ended.stderr or ended.stdout).strip().splitlines()[-1]}")
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    counts = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    return {"right": counts["tests"] > 0 and sum(counts.values()) == counts["tests"], **counts}


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _compared(losses: Sequence[float], others: Sequence[float], sizes: Sizes) -> Figures:
    apart = max(abs(one - other) for one, other in zip(losses, others, strict=True))
    learned = losses[0] - losses[-1]
    right = apart <= SAME_LOSS and len(losses) == sizes["steps"] and learned > 0
    return {
        "right": right,
        "steps": len(losses),
        "largest difference": apart,
        "first loss": losses[0],
        "last": losses[-1],
    }


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
