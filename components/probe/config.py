"""Settings of the probe stage."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from inkling.components.probe.contract import ProbeSpec
from inkling.components.probe.probes import PROBES
from inkling.components.shared.config import StageConfig
from inkling.components.shared.storage.packages import contents
from inkling.models.spec import EncoderSpec


class ProbeConfig(StageConfig):
    """Which probes measure the model: without any, the pipeline leaves the stage out."""

    stage: ClassVar[str] = "probe"
    runs: ClassVar[tuple[str, ...]] = ("multimodal_model",)

    seed: int = Field(0, ge=0, description="draws the null distributions")
    threads: int = Field(2, ge=1, description="threads of torch")
    probes: tuple[Annotated[ProbeSpec, PROBES], ...] = Field(
        default_factory=lambda: (PROBES.read("linear"), PROBES.read("word_match")),
        description="probes, by name or with their settings",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [probe.type for probe in self.probes]
        if len(set(names)) < len(names):
            raise ValueError(f"a probe is named twice: {', '.join(names)}")
        return self

    def encoders(self) -> list[EncoderSpec]:
        """The vision encoders that probes load beside the run's own."""
        return [spec for spec in self.specs() if isinstance(spec, EncoderSpec)]

    def places(self) -> dict[str, list[str]]:
        """The folders of encoders that do not ship."""
        return {"probes": [place for encoder in self.encoders() for place in encoder.places()]}

    def contents(self) -> dict[str, Any]:
        """The packages or the folders that hold the weights of encoders; nothing where probes load none."""
        encoders = self.encoders()
        if not encoders:
            return {}
        resolved = tuple(probe.resolve() for probe in self.probes)
        found = {} if resolved == self.probes else {"probes": [one.model_dump(mode="json") for one in resolved]}
        return {"packages": contents(sorted({one.package[0] for one in encoders if one.package})), **found}
