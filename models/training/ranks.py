"""The processes of a distributed run: which one this is, and how they join, agree and part."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from inkling.models.training.job import Strategy

_TIMEOUT = timedelta(minutes=30)
T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """This process among those that share a run.

    Attributes:
        rank: Its number, from 0; rank 0 writes.
        size: Processes in all.
        local_rank: Its number on its machine.
        local_size: Processes of each machine.
        launched: Whether a launcher started it as a rank, be it the only one.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    launched: bool = False

    @classmethod
    def of(cls, strategy: Strategy) -> "Ranks":
        """Reads the variables that torchrun and TorchX set; a "single" run reads none.

        Raises:
            ValueError: If a distributed run was not started by a launcher.
        """
        if strategy == "single":
            return cls()
        numbers = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        absent = [name for name in (*numbers, "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
        if absent:
            raise ValueError(f"strategy '{strategy}' needs a launcher such as torchrun: {', '.join(absent)} not set")
        rank, size, local_rank, local_size = (int(os.environ[name]) for name in numbers)
        return cls(rank, size, local_rank, local_size, launched=True)


@contextmanager
def joined(ranks: Ranks) -> Iterator[None]:
    """Makes this process one of the group for a while, unless it is: over NCCL with GPUs, over Gloo without."""
    if not ranks.launched or dist.is_initialized():
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
    decided: list[Any] = [decide() if ranks.rank == 0 else None]
    dist.broadcast_object_list(decided, src=0)
    return decided[0]


def wait(ranks: Ranks) -> None:
    """Returns once every rank has come here."""
    if ranks.size > 1:
        dist.barrier()
