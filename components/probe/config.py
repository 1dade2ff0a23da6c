"""Settings of the probe stage."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from inkling.components.probe.contract import ProbeSpec
from inkling.components.probe.probes import PROBES
from inkling.components.shared.config import StageConfig


class ProbeConfig(StageConfig):
    """Which probes measure the model: the linear one by default; without any, the pipeline leaves the stage out."""

    stage: ClassVar[str] = "probe"
    runs: ClassVar[tuple[str, ...]] = ("multimodal_model",)

    seed: int = Field(0, ge=0, description="draws the null distributions")
    threads: int = Field(2, ge=1, description="threads of torch")
    probes: tuple[Annotated[ProbeSpec, PROBES], ...] = Field(
        default_factory=lambda: (PROBES.read("linear"),), description="probes, by name or with their settings"
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [probe.type for probe in self.probes]
        if len(set(names)) < len(names):
            raise ValueError(f"a probe is named twice: {', '.join(names)}")
        return self
