"""Several ranks of a stage: where they run, and their log as the stage's own.

A stage that trains on one rank does so in its own process; with more, it writes what the ranks must know to a directory
that all of them see or into object storage, and waits here. On a cluster the stage's pod holds no GPU: it submits,
watches and deletes.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.shared.config import InnerSection, Section, unknown
from inkling.components.shared.launch.placement import DIGEST, Name, PlacementConfig
from inkling.components.shared.launch.pod import SCRATCH, RankPod
from inkling.components.shared.runtime.machine import IMAGE_VARIABLE
from inkling.components.shared.runtime.progress import EVENT_MARKER, note
from inkling.components.shared.runtime.watchdog import RUNNER_VARIABLE
from inkling.models.training.devices import AUTO, device_names

if TYPE_CHECKING:
    from inkling.components.shared.launch.job import Job
    from inkling.components.shared.storage.objects import Storage

SCRATCH_VARIABLE = "INKLING_SCRATCH"
"""Directory of a node for what its ranks fetch and write; it need not outlive them."""
_NEEDED = ("image", "cpu", "memory", "ephemeral_storage")
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

    def open(self) -> "Storage":
        """The place; the key is in the environment."""
        from inkling.components.shared.storage.objects import Storage

        return Storage(self.uri, self.endpoint, self.region)


class RuntimeConfig(InnerSection):
    """The runtime of Kubeflow Trainer that a TrainJob names; its container and replicated job are called `node`."""

    kind: Literal["TrainingRuntime", "ClusterTrainingRuntime"] = Field(
        "TrainingRuntime", description="TrainingRuntime is of the namespace, ClusterTrainingRuntime of the cluster"
    )
    name: Name = Field("inkling-torch", description="its name, such as Trainer's own torch-distributed")


class LaunchConfig(Section):
    """Where the ranks of a stage run. It does not change what they compute."""

    scheduler: Literal["local_cwd", "kubernetes"] = Field("local_cwd", description="this machine, or Volcano")
    queue: Name = Field("inkling", description="Volcano's Queue that admits the job; Kueue's is placement's")
    runtime: RuntimeConfig = Field(RuntimeConfig(), description="what a TrainJob is made from")
    storage: StorageConfig | None = Field(None, description="object storage between the stage and its ranks")
    claims: dict[str, str] = Field(
        {}, description="shared volumes instead of it: where each claim is mounted, by the claim's name"
    )
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
        if self.scheduler == "kubernetes" and not (self.storage or self.claims):
            raise ValueError(
                "scheduler kubernetes needs launch.storage, the object storage for what the ranks read and write, or "
                "launch.claims, shared volumes with it"
            )
        return self


def refuse(stage: str, nodes: int, processes: int, launch: LaunchConfig, placement: PlacementConfig) -> str | None:
    """Why so many ranks of a stage cannot run there, in words; None if they can.

    Args:
        stage: The stage.
        nodes: Machines.
        processes: Ranks of a machine.
        launch: Where they run.
        placement: What their pods may use, on a cluster.
    """
    if launch.scheduler == "local_cwd":
        many = f"{nodes} nodes need launch.scheduler kubernetes: local_cwd has this machine alone"
        return many if nodes > 1 else None
    wanted, place = placement.of(stage), f"placement.stages.{stage}"
    if missing := [name for name in _NEEDED if getattr(wanted, name) is None]:
        return f"the pods of the ranks are not described: say {', '.join(missing)} in {place} or placement.default"
    if wanted.accelerator and wanted.accelerator.count != processes:
        return (
            f"{processes} processes a node need as many devices, or none: {place}.accelerator has count "
            f"{wanted.accelerator.count}"
        )
    image = placement.image("", stage)
    if DIGEST not in image:
        return (
            f"the ranks' image {image} is named by no digest, and nodes may find different ones: push it, and write "
            f"placement.images: {{{image.rpartition(':')[0] or image}: REGISTRY/NAME{DIGEST}...}}"
        )
    return None


def ranks_job(
    name: str,
    module: str,
    arguments: Sequence[str],
    work: Path,
    nodes: int,
    processes: int,
    launch: LaunchConfig,
    placement: PlacementConfig,
) -> "Job":
    """The job of a stage's ranks.

    Args:
        name: Name of the job: the stage's, by which the placement knows its pods.
        module: The module that each rank runs.
        arguments: Its arguments.
        work: Directory of the stage that outlives a kill; every rank sees it, unless there is object storage.
        nodes: Machines.
        processes: Ranks of a machine.
        launch: Where they run.
        placement: What their pods may use, on a cluster.
    """
    from inkling.components.shared.launch.job import Job

    pod = None
    if launch.scheduler == "local_cwd":
        environment, scratch = {RUNNER_VARIABLE: str(os.getpid())}, work / "scratch"
    else:
        scratch, image, stored = Path(SCRATCH), placement.image("", name), launch.storage is not None
        environment = {IMAGE_VARIABLE: image}
        wanted = placement.of(name)
        pod = RankPod(image, placement.namespace, placement.service_account, wanted, launch.claims, stored)
    if launch.storage is not None:
        work = scratch
        environment |= {**launch.storage.open().environment(), SCRATCH_VARIABLE: str(scratch)}
    return Job(
        name, module, tuple(arguments), work / "launch", nodes, processes, environment, pod, launch.queue,
        launch.retries,
    )  # fmt: skip


def run_ranks(job: "Job", launch: LaunchConfig) -> None:
    """Runs the ranks of a stage to their end; their log becomes the stage's, each line with its rank.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        SystemExit: With status 143, after their job was ended, if this process receives SIGTERM.
    """
    from inkling.components.shared.launch.run import run_job

    note(f"{job.name}: {job.nodes} x {job.processes} ranks through TorchX, scheduler {launch.scheduler}")
    run_job(job, _say)


def _say(rank: int | None, line: str) -> None:
    """Progress stays what it is, for whoever draws it; any other line names its rank."""
    note(line if rank is None or line.startswith(EVENT_MARKER) else f"[rank {rank}] {line}")
