"""A program that pre-trains on the tokens of a test: reading.py TOKENS OUTPUT [step at which it is killed]."""

import os
import signal
import sys

from inkling.components.pretrain import train
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.config import PretrainConfig

CONFIG = PretrainConfig(
    preset="tiny", token_budget=1_500, batch=4, context=32, learning_rate=1e-2, threads=1, seed=5, checkpoint_every=4
)


def kill_at(step: int) -> None:
    loss, calls = train.next_token_loss, 0

    def killing(network, batch):
        nonlocal calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return loss(network, batch)

    train.next_token_loss = killing


if __name__ == "__main__":
    if len(sys.argv) > 3:
        kill_at(int(sys.argv[3]))
    build_pretrain(CONFIG, sys.argv[1], sys.argv[2])
