"""A small training run that a test can disturb; also a program: runs.py WORK kill|terminate|tear AT."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch

from inkling.models.language.presets import load_preset
from inkling.models.training.fit import fit
from inkling.models.training.job import LogRow, Optimization

STEPS, EVERY = 12, 5
VOCABULARY = 60


class Batches:
    def batch(self, step: int) -> dict[str, torch.Tensor]:
        random = np.random.default_rng((3, step))
        return {"ids": torch.from_numpy(random.integers(3, 20, size=(2, 16)))}


def loss(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    logits = torch.nn.functional.dropout(network(batch["ids"]).logits, 0.1)
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch["ids"][:, 1:].flatten())


def run(
    work: Path, loss=loss, learning_rate: float = 1e-2, steps: int = STEPS, **further
) -> tuple[torch.nn.Module, list[LogRow]]:
    torch.set_num_threads(1)
    network = load_preset("tiny").build(VOCABULARY, 1)
    optimization = Optimization(steps=steps, learning_rate=learning_rate, warmup_steps=3 if steps else 0)
    fitted = fit(network, loss, Batches(), optimization, work, seed=7, checkpoint_every=EVERY, **further)
    return network, fitted.rows


def disturb(how: str, at: int):
    calls = 0

    def disturbed(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL if how == "kill" else signal.SIGTERM)
        return loss(network, batch)

    return disturbed


def tear_checkpoint(at: int) -> None:
    """Kills the process when it gives the checkpoint of a step its name."""
    rename = Path.rename

    def torn(self: Path, target: Path) -> Path:
        if target.name == f"step-{at:08d}":
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(self, target)

    Path.rename = torn


if __name__ == "__main__":
    _, work, how, at = sys.argv
    if how == "tear":
        tear_checkpoint(int(at))
    run(Path(work), loss if how == "tear" else disturb(how, int(at)))
