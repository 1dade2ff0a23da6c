"""The processes of a distributed run as a group: they join, agree, and part."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from inkling.models.training.execution import Ranks

_TIMEOUT = timedelta(minutes=30)
T = TypeVar("T")


@contextmanager
def joined(ranks: Ranks) -> Iterator[None]:
    """Makes this process one of the group for a while: over NCCL with GPUs, over Gloo without."""
    if not ranks.launched:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(ranks.local_rank)
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=_TIMEOUT)
    try:
        yield
    finally:
        dist.destroy_process_group()


def agree(ranks: Ranks, decide: Callable[[], T]) -> T:
    """What rank 0 decides, on every rank."""
    if ranks.size == 1:
        return decide()
    told: list[Any] = [decide() if ranks.rank == 0 else None]
    dist.broadcast_object_list(told, src=0)
    return told[0]


def wait(ranks: Ranks) -> None:
    """Returns once every rank has come here."""
    if ranks.size > 1:
        dist.barrier()
