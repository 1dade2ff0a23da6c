"""How a training run uses the machine: ranks, precision, parts of a batch; none of it changes what is trained."""

import os
from dataclasses import dataclass
from typing import Literal

Strategy = Literal["single", "ddp", "fsdp2"]
Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True)
class Execution:
    """How the steps of a run are computed.

    Attributes:
        strategy: "single" on one device; "ddp" with the network on each rank; "fsdp2" with a shard of it on each rank.
        accumulate: Parts, one after another, in which a rank takes its sequences of a step.
        precision: "fp32", "bf16" (weights and updates stay in fp32), or "auto": bf16 on a GPU, fp32 on a CPU.
        compile: Whether to compile the network's blocks; None does so where a GPU multiplies in bf16.
        loader_workers: Processes that prepare batches ahead; 0 prepares them in between.
    """

    strategy: Strategy = "single"
    accumulate: int = 1
    precision: Precision = "fp32"
    compile: bool | None = None
    loader_workers: int = 0

    def half(self, cuda: bool) -> bool:
        """Whether matrices are multiplied in bf16."""
        return cuda if self.precision == "auto" else self.precision == "bf16"

    def compiled(self, cuda: bool) -> bool:
        """Whether the network is compiled."""
        return cuda and self.half(cuda) if self.compile is None else self.compile


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
        """Reads what torchrun and TorchX say in the environment; a "single" run asks nobody.

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
