"""Stands in for the rank module: rank 1 fails in its third step."""

import os

from inkling.components.pretrain import rank, train

_LOSS, _steps = train.next_token_loss, 0


def _failing(network, batch):
    global _steps
    _steps += 1
    if _steps == 3 and os.environ["RANK"] == "1":
        raise ArithmeticError("this rank cannot count to three")
    return _LOSS(network, batch)


if __name__ == "__main__":
    train.next_token_loss = _failing
    rank.main()
