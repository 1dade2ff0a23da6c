"""What is launched: one Python module on every rank, and the pod that a node's ranks share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inkling.components.shared.launch.pod import RankPod


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
        pod: The pod of a node's ranks; None on this machine.
        queue: Volcano's Queue, which admits the job; for pods.
        retries: How often torchrun starts the ranks again after a failure; Volcano's own retries do not work.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    logs: Path
    nodes: int = 1
    processes: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    pod: RankPod | None = None
    queue: str = ""
    retries: int = 0

    @property
    def ranks(self) -> int:
        """Ranks in all."""
        return self.nodes * self.processes

    def cluster_pod(self) -> RankPod:
        """The pod of a node's ranks.

        Raises:
            ValueError: If the job runs on this machine.
        """
        if self.pod is None:
            raise ValueError(f"job '{self.name}' says nothing of the pods that it runs in")
        return self.pod
