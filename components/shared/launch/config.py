"""The settings of a stage whose work ranks share: which ranks, and where they run."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from inkling.components.shared.config import ExecutionOnly, StageConfig
from inkling.components.shared.launch.launch import LaunchConfig, refuse
from inkling.components.shared.launch.placement import PlacementConfig


class LaunchedConfig(StageConfig):
    """How many ranks share a stage's work, and where they run; it changes no byte of what comes out."""

    processes: Annotated[int, ExecutionOnly()] = Field(1, ge=1, description="ranks of a node, each with its share")
    nodes: Annotated[int, ExecutionOnly()] = Field(
        1, ge=1, description="machines; more than one needs launch.scheduler kubernetes"
    )
    launch: Annotated[LaunchConfig, ExecutionOnly()] = Field(
        LaunchConfig(), description="where several ranks run, and what a run may take"
    )
    placement: Annotated[PlacementConfig, ExecutionOnly()] = Field(
        PlacementConfig(), description="what pods may use, of which those of the ranks are some"
    )

    @property
    def ranks(self) -> int:
        """Processes that share the work."""
        return self.processes * self.nodes

    @property
    def launched(self) -> bool:
        """Whether ranks are launched, rather than the work done in the stage's own process."""
        return self.ranks > 1 or self.launch.scheduler == "kubernetes"

    @property
    def launches_pods(self) -> bool:
        """Whether the ranks run in pods of their own, and the stage only submits and watches them."""
        return self.launched and self.launch.scheduler == "kubernetes"

    @model_validator(mode="after")
    def _launchable(self) -> Self:
        if self.launched:
            reason = refuse(self.stage, self.nodes, self.processes, self.launch, self.placement)
            if reason is not None:
                raise ValueError(reason)
        return self


class RanksConfig(LaunchedConfig):
    """How many ranks train, and how they share the work, which changes its last bits."""

    strategy: Literal["single", "ddp", "fsdp2"] = Field("single", description="how ranks share the work")
    processes: int = Field(1, ge=1, description="ranks of a node; 1 trains in the stage's own process")
    nodes: int = Field(1, ge=1, description="machines; more than one needs launch.scheduler kubernetes")
    micro_batch: int | None = Field(
        None, ge=1, description="sequences that a rank takes at a time; all of its part of the batch where not given"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="auto: bf16 on a GPU, fp32 on a CPU")

    @property
    def launched(self) -> bool:
        """Whether ranks are launched: one alone may be too."""
        return self.strategy != "single"

    def alone(self) -> Self:
        """The same run for one process, which takes what the ranks have left: it names the same checkpoints."""
        return self.model_copy(update={"strategy": "single", "processes": 1, "nodes": 1, "micro_batch": None})

    @model_validator(mode="after")
    def _shared_out(self) -> Self:
        if self.strategy == "single" and self.ranks > 1:
            raise ValueError(f"strategy 'single' has one rank, not {self.ranks}: choose 'ddp' or 'fsdp2'")
        return self
