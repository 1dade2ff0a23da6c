"""Several ranks of a stage: where they run, and their log as the stage's own.

A stage that trains on one rank does so in its own process; with more, it writes what the ranks must know to a directory
that all of them see, and waits here. On a cluster the stage's pod holds no GPU: it submits, watches and cancels.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.config import Section, unknown
from inkling.components.lifeline import RUNNER_VARIABLE
from inkling.components.progress import EVENT_MARKER, note
from inkling.models.training.devices import AUTO, device_names

if TYPE_CHECKING:
    from inkling.models.training.launch.job import Job


class LaunchConfig(Section):
    """Where the ranks of a stage run. It does not change what they compute."""

    scheduler: Literal["local_cwd", "kubernetes"] = Field("local_cwd", description="this machine, or Volcano")
    image: str | None = Field(None, description="container image of the ranks; the cluster pulls it")
    namespace: str = Field("default", description="where the job goes")
    queue: str = Field("default", description="queue that admits the job")
    service_account: str | None = Field(None, description="account of the job's pods")
    claims: dict[str, str] = Field({}, description="where each volume claim is mounted, by the claim's name")
    cpus: int = Field(8, ge=1, description="CPU cores of a node")
    gpus: int = Field(0, ge=0, description="GPUs of a node")
    memory_gb: int = Field(32, ge=1, description="main memory of a node, 10^9 bytes")
    device: str = Field("auto", description="kind of device, for the estimate of cost; auto: what this machine has")
    hours: float | None = Field(None, gt=0, description="longest time that a run may be planned for")
    retries: int = Field(0, ge=0, description="how often the ranks start again after a failure")

    @field_validator("device")
    @classmethod
    def _known(cls, device: str) -> str:
        if device not in (AUTO, *device_names()):
            raise unknown("device", device, (AUTO, *device_names()))
        return device

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.scheduler == "kubernetes" and not (self.image and self.claims):
            raise ValueError(
                "scheduler kubernetes needs the image of the ranks and a claim with what the stage reads and writes"
            )
        return self

    def refuse(self, nodes: int, processes: int) -> str | None:
        """Why so many ranks cannot run there, in words; None if they can."""
        if self.scheduler == "local_cwd" and nodes > 1:
            return f"{nodes} nodes need launch.scheduler kubernetes: local_cwd has this machine alone"
        if self.scheduler == "kubernetes" and self.gpus not in (0, processes):
            return f"{processes} processes a node need as many GPUs, or none, not launch.gpus {self.gpus}"
        return None


def ranks_job(
    name: str, module: str, arguments: Sequence[str], work: Path, nodes: int, processes: int, launch: LaunchConfig
) -> "Job":
    """The job of a stage's ranks.

    Args:
        name: Name of the job, such as the stage's.
        module: The module that each rank runs.
        arguments: Its arguments.
        work: Directory that every rank sees; it outlives a kill.
        nodes: Machines.
        processes: Ranks of a machine.
        launch: Where they run.
    """
    from inkling.models.training.launch.job import Job, Node

    local = launch.scheduler == "local_cwd"
    node = None if local else Node(str(launch.image), launch.cpus, launch.gpus, launch.memory_gb, launch.claims)
    environment = {RUNNER_VARIABLE: str(os.getpid())} if local else {}
    logs = work / "launch"
    return Job(name, module, tuple(arguments), logs, nodes, processes, environment, node, launch.retries)


def run_ranks(job: "Job", launch: LaunchConfig) -> None:
    """Runs the ranks of a stage to their end; their log becomes the stage's, each line with its rank.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        SystemExit: With status 143, after they were cancelled, if this process is told to terminate.
    """
    from inkling.models.training.launch.run import run_job
    from inkling.models.training.launch.volcano import scheduler_options

    note(f"{job.name}: {job.nodes} x {job.processes} ranks through TorchX, scheduler {launch.scheduler}")
    options = scheduler_options(launch.namespace, launch.queue, launch.service_account)
    run_job(job, launch.scheduler, options, _say)


def _say(rank: int | None, line: str) -> None:
    """Progress stays what it is, for whoever draws it; any other line says whose it is."""
    note(line if rank is None or line.startswith(EVENT_MARKER) else f"[rank {rank}] {line}")
