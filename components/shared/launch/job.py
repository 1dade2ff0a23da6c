"""What is launched: one Python module on every rank, and what a node gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Node:
    """What one node of a cluster gives its ranks.

    Attributes:
        image: Container image that holds this package.
        cpus: CPU cores.
        gpus: GPUs; one for each rank where there are any.
        memory_gb: Main memory, 10^9 bytes.
        claims: Where each volume claim is mounted, by the claim's name.
        scratch: Where a directory of the node's own disk is mounted; None for none.
        secrets: Environment variables from Secrets: the Secret's name and its key, by the variable.
    """

    image: str
    cpus: int
    gpus: int
    memory_gb: int
    claims: Mapping[str, str] = field(default_factory=dict)
    scratch: str | None = None
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A module that runs on `nodes` x `processes` ranks under torchrun.

    Attributes:
        name: Name of the job: lower-case letters, digits and dashes.
        module: The module that each rank runs, as `python -m` takes it.
        arguments: Its arguments.
        logs: Directory for the logs and error files of the ranks; on a cluster below a mounted claim or scratch.
        nodes: Machines.
        processes: Ranks of a machine.
        environment: Environment variables of the ranks.
        node: What a node gives; None on this machine.
        retries: How often torchrun starts the ranks again after a failure; Volcano's own retries do not work.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    logs: Path
    nodes: int = 1
    processes: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    node: Node | None = None
    retries: int = 0

    @property
    def ranks(self) -> int:
        """Ranks in all."""
        return self.nodes * self.processes
