"""One rank of a small run: sharing.py WORK STRATEGY STEPS ACCUMULATE [terminate|die|nan RANK AT]; prints its log."""

import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from inkling.models.language.presets import load_preset
from inkling.models.training.fit import Fitted, fit
from inkling.models.training.job import Execution, Optimization

VOCABULARY, BATCH, EVERY = 60, 8, 20


class Parts:
    def batch(self, step: int) -> dict[str, torch.Tensor]:
        return self.part(step, 0, 1)

    def part(self, step: int, index: int, count: int) -> dict[str, torch.Tensor]:
        rows = np.random.default_rng((3, step)).integers(3, 20, size=(BATCH, 16))
        size = BATCH // count
        return {"ids": torch.from_numpy(rows[index * size : (index + 1) * size])}


def loss(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    logits = network(batch["ids"]).logits
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch["ids"][:, 1:].flatten())


def share(
    work: Path, strategy: str = "single", steps: int = 50, accumulate: int = 1, loss=loss, every: int = EVERY, **more
) -> tuple[torch.nn.Module, Fitted]:
    torch.set_num_threads(1)
    away = strategy == "fsdp2" and os.environ.get("RANK", "0") != "0"
    network = load_preset("tiny").build(VOCABULARY, 1, device="meta" if away else "cpu")
    optimization = Optimization(steps=steps, learning_rate=1e-2, warmup_steps=3)
    execution = Execution(strategy, accumulate)
    fitted = fit(
        network, loss, Parts(), optimization, work, seed=7, checkpoint_every=every, execution=execution, **more
    )
    return network, fitted


def disturbed(how: str, rank: int, at: int):
    calls = 0

    def disturbing(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == at and int(os.environ["RANK"]) == rank:
            if how == "die":
                raise RuntimeError(f"rank {rank} dies at step {at}")
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(network, batch) * (float("nan") if how == "nan" and calls == at else 1.0)

    return disturbing


if __name__ == "__main__":
    work, strategy, steps, accumulate, *disturbance = sys.argv[1:]
    used = disturbed(disturbance[0], *map(int, disturbance[1:])) if disturbance else loss
    _, fitted = share(Path(work), strategy, int(steps), int(accumulate), used)
    print(json.dumps([asdict(row) for row in fitted.rows]))
