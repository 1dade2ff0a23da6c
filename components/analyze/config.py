"""Settings of the analyze stage."""

from typing import Any, ClassVar

from pydantic import Field

from inkling.components.artifacts.suite import Suites, rendered_scenes
from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.manifest import digest_of


class AnalyzeConfig(StageConfig):
    """What the report shows beside the numbers."""

    stage: ClassVar[str] = "analyze"

    seed: int = Field(0, ge=0, description="draws the sample questions")
    samples: int = Field(
        12, ge=2, le=60, description="sample questions shown a suite, half of them answered rightly if there are enough"
    )
    overlap_words: int = Field(
        5_000_000, ge=0, description="words of training text that questions are looked for in, at most; 0: none"
    )
    suites: Suites = Field(default_factory=rendered_scenes, description="what the suites of the questions are")

    def contents(self) -> dict[str, Any]:
        """A digest of what the report says of each suite."""
        described = {suite.name: suite.model_dump(mode="json", exclude={"data", "artifact"}) for suite in self.suites}
        return {"suites": {name: digest_of(suite) for name, suite in described.items()}}
