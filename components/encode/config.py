"""Settings of the encode stage."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from inkling.components.artifacts.features import Precision
from inkling.components.shared.config import StageConfig
from inkling.components.shared.storage.packages import contents
from inkling.models.spec import EncoderSpec
from inkling.models.vision import ENCODERS


class EncodeConfig(StageConfig):
    """Which encoder looks at the images, what of it is kept, and how fast."""

    stage: ClassVar[str] = "encode"

    encoder: Annotated[EncoderSpec, ENCODERS] = Field(
        default_factory=lambda: ENCODERS.read("efficientnet-lite0"),
        description="the vision encoder, by name or with its settings",
    )
    views: tuple[str, ...] = Field(
        ("grid",),
        min_length=1,
        description="views that are kept; `quarters.grid`: of each quarter; `patches.24x24`: resampled to 576 tokens",
    )
    precision: Precision = Field("fp32", description="what features are stored as: fp32, or fp16 in half the space")
    threads: int = Field(1, ge=1, description="batches encoded at the same time, each on one thread")
    batch: int = Field(8, ge=1, description="images in one call of the network")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for view in self.views:
            self.encoder.all_views.shape(view)
        if len(set(self.views)) < len(self.views):
            raise ValueError(f"a view is named twice: {', '.join(self.views)}")
        return self

    def places(self) -> dict[str, list[str]]:
        """The folder of an encoder that does not ship."""
        return {"encoder": self.encoder.places()}

    def contents(self) -> dict[str, Any]:
        """The package or the folder that holds the encoder's weights."""
        resolved = self.encoder.resolve()
        found = {} if resolved == self.encoder else {"encoder": resolved.model_dump(mode="json")}
        return {"packages": contents([self.encoder.package[0]] if self.encoder.package else []), **found}
