"""Settings of the label stage."""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.config import StageConfig


class LabelConfig(StageConfig):
    """Who labels."""

    stage: ClassVar[str] = "label"

    labeller: Literal["lexicon"] = Field("lexicon", description="name in the registry of labellers")
