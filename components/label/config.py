"""Settings of the label stage."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.config import Day, StageConfig

FIRST_DAY = date(2026, 1, 1)


class LabelConfig(StageConfig):
    """Who labels, and from when on the labels hold."""

    stage: ClassVar[str] = "label"

    labeller: Literal["lexicon"] = Field("lexicon", description="name in the registry of labellers")
    date: Day = Field(
        FIRST_DAY, description="day from which the labels hold; stated, never taken from the clock: bytes depend on it"
    )
