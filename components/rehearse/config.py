"""Settings of the rehearse stage."""

from typing import ClassVar

from pydantic import Field

from inkling.components.shared.config import StageConfig


class RehearseConfig(StageConfig):
    """How many questions the real server is asked."""

    stage: ClassVar[str] = "rehearse"

    seed: int = Field(0, ge=0, description="decides which questions are asked")
    threads: int = Field(2, ge=1, description="threads of one inference")
    questions: int = Field(50, ge=1, description="test questions asked in each view, with choices, over V2")
    chats: int = Field(
        3, ge=1, description="test questions asked in each view in words, over OpenAI chat, streamed and not"
    )
