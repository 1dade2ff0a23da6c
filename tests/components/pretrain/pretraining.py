"""A program that pre-trains on the tokens of a test: pretraining.py TOKENS OUTPUT [STEP | often TIMES].

With STEP it is killed in that step; with `often` it is killed again and again, in a random step after the last
checkpoint, and left in peace at last.
"""

import os
import random
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


def in_a_fork(config: PretrainConfig, step: int | None) -> int:
    """Pre-trains in a child, killed in a step of its own if one is given; returns its exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if step is not None:
        kill_at(step)
    build_pretrain(config, sys.argv[1], sys.argv[2])
    os._exit(0)


def kill_often(times: int) -> None:
    import inkling.models.training.trainer  # noqa: F401 (imported once, for all the forks)

    config = CONFIG.model_copy(update={"token_budget": 12_000, "checkpoint_every": 3})
    draw = random.Random(0)
    killed = [in_a_fork(config, draw.randint(1, 6)) for _ in range(times)].count(-signal.SIGKILL)
    assert in_a_fork(config, None) == 0
    print(f"killed {killed} times")


if __name__ == "__main__":
    if sys.argv[3:4] == ["often"]:
        kill_often(int(sys.argv[4]))
    else:
        if len(sys.argv) > 3:
            kill_at(int(sys.argv[3]))
        build_pretrain(CONFIG, sys.argv[1], sys.argv[2])
