"""Settings of the export stage."""

from typing import Any, ClassVar

from pydantic import Field

from inkling.components.artifacts.suite import Suites, rendered_scenes
from inkling.components.shared.config import StageConfig
from inkling.models.spec import Spec


class ExportConfig(StageConfig):
    """How the graphs are compared with the network."""

    stage: ClassVar[str] = "export"
    runs: ClassVar[tuple[str, ...]] = ("multimodal_model", "features")

    threads: int = Field(2, ge=1, description="comparisons that run side by side, each on one thread")
    batch_size: int = Field(32, ge=1, description="questions compared at once")
    tolerance: float = Field(1e-3, gt=0, description="largest absolute difference of a logit that is let pass")
    llava: bool = Field(
        True,
        exclude_if=lambda llava: llava,
        description="whether a vision transformer with the connector `llava` is also written as transformers' LLaVA",
    )
    suites: Suites = Field(default_factory=rendered_scenes, description="what the model card says of the suites asked")

    def contents(self) -> dict[str, Any]:
        """What the model card says of each suite."""
        said: Any = {"name": True, "report": {"use", "limits"}}
        return {"suites": [suite.model_dump(mode="json", include=said) for suite in self.suites]}

    def specs(self) -> list[Spec]:
        """None of its own: the card says nothing that the suites' metrics compute."""
        return []
