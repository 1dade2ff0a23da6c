"""Settings of the evaluate stage."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from inkling.components.artifacts.suite import Suites, rendered_scenes
from inkling.components.evaluate.contract import MethodSpec
from inkling.components.evaluate.inference import METHODS
from inkling.components.shared.config import ExecutionOnly
from inkling.components.shared.launch.config import LaunchedConfig
from inkling.components.shared.launch.launch import LaunchConfig
from inkling.models.sequence.views import VIEWS, View

DEFAULT_METHOD = "likelihood"


class EvaluateConfig(LaunchedConfig):
    """How the questions are scored; which ones is decided by the Questions artifact."""

    stage: ClassVar[str] = "evaluate"
    runs: ClassVar[tuple[str, ...]] = ("multimodal_model",)

    seed: int = Field(0, ge=0, description="orders the choices of each question, which decides between equals")
    threads: int = Field(2, ge=1, description="threads of torch; another number can change the last bits")
    batch_size: int = Field(32, ge=1, description="questions scored at once; a killed run loses one batch at most")
    parts: Annotated[int, ExecutionOnly()] = Field(
        1, ge=1, le=256, description="tasks of the pipeline that share the questions; pods, on a cluster"
    )
    method: Annotated[MethodSpec, METHODS] = Field(
        default_factory=lambda: METHODS.read(DEFAULT_METHOD),
        exclude_if=lambda method: method == METHODS.read(DEFAULT_METHOD),
        description="how answers are found, by name or with its settings",
    )
    views: tuple[View, ...] = Field(
        VIEWS,
        min_length=1,
        exclude_if=lambda views: views == VIEWS,
        description="what stands beside a question: visual, blind, mismatched, blank (a plain grey image)",
    )
    suites: Suites = Field(default_factory=rendered_scenes, description="what the suites of the questions are")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.views)) < len(self.views):
            raise ValueError(f"a view is named twice: {', '.join(self.views)}")
        return self

    @model_validator(mode="after")
    def _shared_once(self) -> Self:
        if self.parts > 1 and self.launched:
            raise ValueError(
                f"parts is {self.parts}, and ranks are launched: tasks of the pipeline or ranks share the questions, "
                "so leave parts at 1, or processes and nodes at 1 and launch.scheduler at local_cwd"
            )
        return self

    def one_of(self, count: int) -> Self:
        """The same evaluation for one of so many processes, each of which asks a part of the questions."""
        return self.model_copy(update={"parts": count, "processes": 1, "nodes": 1, "launch": LaunchConfig()})

    def contents(self) -> dict[str, Any]:
        """What of each suite enters the scores."""
        scored: Any = {
            "name": True,
            "title": True,
            "version": True,
            "headline": True,
            "metric": True,
            "categories": {"__all__": {"name"}},
        }
        return {"suites": [suite.model_dump(mode="json", include=scored) for suite in self.suites]}
