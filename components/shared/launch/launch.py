"""Several ranks of a stage: where they run, and their log as the stage's own.

A stage that trains on one rank does so in its own process; with more, it writes what the ranks must know to a directory
that all of them see or into object storage, and waits here. On a cluster the stage's pod holds no GPU: it submits,
watches and cancels.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.shared.config import Section, unknown
from inkling.components.shared.runtime.machine import IMAGE_VARIABLE
from inkling.components.shared.runtime.progress import EVENT_MARKER, note
from inkling.components.shared.runtime.watchdog import RUNNER_VARIABLE
from inkling.models.training.devices import AUTO, device_names

if TYPE_CHECKING:
    from inkling.components.shared.launch.job import Job
    from inkling.components.shared.storage.objects import Storage

SCRATCH_VARIABLE = "INKLING_SCRATCH"
"""Directory of a node for what its ranks fetch and write; it need not outlive them."""
_SCRATCH = Path("/scratch")
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


class StorageConfig(Section):
    """Object storage through which a stage and its ranks hand each other what they read and write."""

    uri: str = Field(
        pattern=rf"^s3://{_BUCKET}(/[\w.-]+)*$", description="s3://bucket/prefix that the stage and its ranks can use"
    )
    endpoint: str | None = Field(
        None, pattern=r"^https?://[\w.-]+(:\d+)?$", description="URL of a store other than AWS's own"
    )
    region: str | None = Field(None, pattern=r"^[a-z0-9-]+$", description="region of the bucket")
    secret: str | None = Field(
        None,
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        description="Secret with access-key and secret-key for the pods of the ranks; null: their account's own access",
    )

    def open(self) -> "Storage":
        """The place; the key is in the environment."""
        from inkling.components.shared.storage.objects import Storage

        return Storage(self.uri, self.endpoint, self.region)

    def keys(self) -> dict[str, tuple[str, str]]:
        """The environment variables that the ranks' pods get from a Secret, each with its name and key."""
        if self.secret is None:
            return {}
        keys = {"AWS_ACCESS_KEY_ID": "access-key", "AWS_SECRET_ACCESS_KEY": "secret-key"}
        return {variable: (self.secret, key) for variable, key in keys.items()}


class LaunchConfig(Section):
    """Where the ranks of a stage run. It does not change what they compute."""

    scheduler: Literal["local_cwd", "kubernetes"] = Field("local_cwd", description="this machine, or Volcano")
    image: str | None = Field(None, description="container image of the ranks; the cluster pulls it")
    namespace: str = Field("default", description="where the job goes")
    queue: str = Field("default", description="queue that admits the job")
    service_account: str | None = Field(None, description="account of the job's pods")
    storage: StorageConfig | None = Field(None, description="object storage between the stage and its ranks")
    claims: dict[str, str] = Field(
        {}, description="shared volumes instead of it: where each claim is mounted, by the claim's name"
    )
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
        if self.storage and self.claims:
            raise ValueError("launch.storage or launch.claims: what the ranks write goes to one of them")
        if self.scheduler == "kubernetes" and not (self.image and (self.storage or self.claims)):
            raise ValueError(
                "scheduler kubernetes needs the image of the ranks and launch.storage, the object storage for what "
                "they read and write, or launch.claims, shared volumes with it"
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
        work: Directory of the stage that outlives a kill; every rank sees it, unless there is object storage.
        nodes: Machines.
        processes: Ranks of a machine.
        launch: Where they run.
    """
    from inkling.components.shared.launch.job import Job, Node

    local = launch.scheduler == "local_cwd"
    environment = {RUNNER_VARIABLE: str(os.getpid())} if local else {IMAGE_VARIABLE: str(launch.image)}
    place, scratch = work, None
    if launch.storage is not None:
        place = work / "scratch" if local else _SCRATCH
        scratch = str(place)
        environment |= {**launch.storage.open().environment(), SCRATCH_VARIABLE: scratch}
    node = None
    if not local:
        keys = launch.storage.keys() if launch.storage else {}
        node = Node(str(launch.image), launch.cpus, launch.gpus, launch.memory_gb, launch.claims, scratch, keys)
    return Job(name, module, tuple(arguments), place / "launch", nodes, processes, environment, node, launch.retries)


def run_ranks(job: "Job", launch: LaunchConfig) -> None:
    """Runs the ranks of a stage to their end; their log becomes the stage's, each line with its rank.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        SystemExit: With status 143, after they were cancelled, if this process receives SIGTERM.
    """
    from inkling.components.shared.launch.run import run_job
    from inkling.components.shared.launch.volcano import scheduler_options

    note(f"{job.name}: {job.nodes} x {job.processes} ranks through TorchX, scheduler {launch.scheduler}")
    options = scheduler_options(launch.namespace, launch.queue, launch.service_account)
    run_job(job, launch.scheduler, options, _say)


def _say(rank: int | None, line: str) -> None:
    """Progress stays what it is, for whoever draws it; any other line names its rank."""
    note(line if rank is None or line.startswith(EVENT_MARKER) else f"[rank {rank}] {line}")
