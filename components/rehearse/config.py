"""Settings of the rehearse stage."""

from typing import ClassVar

from pydantic import Field

from inkling.components.shared.config import StageConfig


class RehearseConfig(StageConfig):
    """How many questions are sent to the real server."""

    stage: ClassVar[str] = "rehearse"

    seed: int = Field(0, ge=0, description="decides which questions are sent")
    threads: int = Field(2, ge=1, description="threads of one inference")
    questions: int = Field(50, ge=1, description="test questions with choices sent in each view, over V2")
    chats: int = Field(
        3, ge=1, description="test questions sent in each view without choices, over OpenAI chat, streamed and not"
    )
