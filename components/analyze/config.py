"""Settings of the analyze stage."""

from typing import ClassVar

from pydantic import Field

from inkling.components.shared.config import StageConfig


class AnalyzeConfig(StageConfig):
    """What the report shows beside the numbers."""

    stage: ClassVar[str] = "analyze"

    seed: int = Field(0, ge=0, description="draws the sample questions")
    samples: int = Field(
        12, ge=2, le=60, description="sample questions shown, half of them answered rightly if there are enough"
    )
