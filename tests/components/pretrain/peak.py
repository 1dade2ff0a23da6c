"""A program that trains the laptop preset for two steps and prints its peak memory in bytes: peak.py BATCH FOLDER."""

import resource
import sys
from pathlib import Path

import torch

from inkling.components.pretrain.train import next_token_loss
from inkling.models.language.presets import load_preset
from inkling.models.training.fit import fit
from inkling.models.training.job import Optimization


class Batches:
    def __init__(self, batch: int) -> None:
        self._batch = batch

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        rows = torch.randint(4096, (self._batch, 257), generator=torch.Generator().manual_seed(step))
        return {"inputs": rows[:, :-1], "targets": rows[:, 1:]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    network = load_preset("laptop").build(4096, 0)
    settings = Optimization(steps=2, learning_rate=1e-3)
    fit(network, next_token_loss, Batches(int(sys.argv[1])), settings, Path(sys.argv[2]), seed=0, checkpoint_every=9)
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
