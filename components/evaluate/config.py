"""Settings of the evaluate stage."""

from typing import ClassVar

from pydantic import Field

from inkling.components.shared.config import StageConfig


class EvaluateConfig(StageConfig):
    """How the questions are scored; which ones is decided by the Questions artifact."""

    stage: ClassVar[str] = "evaluate"
    runs: ClassVar[tuple[str, ...]] = ("multimodal_model",)

    seed: int = Field(0, ge=0, description="orders the choices of each question, which decides between equals")
    threads: int = Field(2, ge=1, description="threads of torch; another number can change the last bits")
    batch_size: int = Field(32, ge=1, description="questions scored at once; a killed run loses one batch at most")
