"""Stands in for the rank module: rank 1 is killed in the step that `DYING_STEP` names, if it names one."""

import os
import signal

from inkling.components.pretrain import rank, train

_LOSS, _steps = train.next_token_loss, 0


def _dying(network, batch):
    global _steps
    _steps += 1
    if os.environ["RANK"] == "1" and str(_steps) == os.environ.get("DYING_STEP"):
        os.kill(os.getpid(), signal.SIGKILL)
    return _LOSS(network, batch)


if __name__ == "__main__":
    train.next_token_loss = _dying
    rank.main()
