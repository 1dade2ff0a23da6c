"""Settings of the monitor stage."""

from typing import ClassVar

from pydantic import Field

from inkling.components.shared.config import StageConfig
from inkling.components.shared.launch.placement import Name


class MonitorConfig(StageConfig):
    """How far back answers are taken, what of them is borne, and where a cluster keeps what they are compared with."""

    stage: ClassVar[str] = "monitor"

    hours: float = Field(24.0, gt=0, description="how far back answers are taken")
    max_drifted: float = Field(0.5, ge=0, le=1, description="share of drifted columns that is borne")
    max_blind: float = Field(1.0, ge=0, le=1, description="share of answers without an image that is borne")
    max_empty: float = Field(0.1, ge=0, le=1, description="share of empty generated answers that is borne")
    log_claim: Name = Field("inkling-requests", description="volume claim with the server's request log")
    bundle_claim: Name = Field("inkling-bundle", description="volume claim with the served bundle, as `bundle`")
    exam_claim: Name = Field(
        "inkling-exam", description="volume claim with the run's `questions` and `answers`, as the evaluation Job's"
    )
