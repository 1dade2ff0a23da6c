"""Settings of the export stage."""

from typing import Any, ClassVar, Literal

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
    weights: Literal["float32", "int8"] = Field(
        "float32",
        exclude_if=lambda weights: weights == "float32",
        description="int8: matrices in 8 bits a weight, in a third of the bytes; what that costs in right answers is "
        "measured and stands in the model card",
    )
    suites: Suites = Field(default_factory=rendered_scenes, description="what the model card says of the suites asked")

    def contents(self) -> dict[str, Any]:
        """What the model card says of each suite."""
        said: Any = {"name": True, "report": {"use", "limits"}}
        return {"suites": [suite.model_dump(mode="json", include=said) for suite in self.suites]}

    def specs(self) -> list[Spec]:
        """None of its own: the card says nothing that the suites' metrics compute."""
        return []
