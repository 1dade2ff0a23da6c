"""Settings of the encode stage."""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.shared.config import StageConfig


class EncodeConfig(StageConfig):
    """Which encoder looks at the pictures, and how fast."""

    stage: ClassVar[str] = "encode"

    encoder: Literal["efficientnet-lite0", "tiny-random"] = Field(
        "efficientnet-lite0", description="The encoder: packaged EfficientNet-Lite0, or a small random one for tests."
    )
    threads: int = Field(1, ge=1, description="Pictures encoded at the same time, each on one thread.")
    batch: int = Field(8, ge=1, description="Pictures in one call of the network.")
