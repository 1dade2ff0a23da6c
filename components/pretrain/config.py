"""Settings of the pretrain stage."""

from typing import ClassVar, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.config import StageConfig, unknown
from inkling.models.presets import load_preset, preset_names


class PretrainConfig(StageConfig):
    """Which network, how much it reads, and how."""

    stage: ClassVar[str] = "pretrain"

    seed: int = Field(0, ge=0, description="initial weights and order of the text")
    threads: int = Field(2, ge=1, description="threads of torch; another number can change the last bits")
    preset: str = Field("laptop", description="size of the network, a file in models/presets")
    untrained: bool = Field(False, description="whether to keep the initial weights: the model that read nothing")
    token_budget: int = Field(1_000_000, ge=1, description="tokens to read; rounded up to whole batches")
    batch: int = Field(4, ge=1, description="sequences per step")
    context: int = Field(256, ge=2, description="tokens per sequence, at most those of the preset")
    learning_rate: float = Field(4e-3, gt=0, description="highest learning rate")
    warmup: float = Field(0.05, ge=0, lt=1, description="part of the steps over which the learning rate rises")
    weight_decay: float = Field(0.1, ge=0, description="decay of weight matrices")
    checkpoint_every: int = Field(200, ge=1, description="steps between checkpoints, lost at most when a run is killed")
    heldout_windows: int = Field(64, ge=1, description="sequences of held-out text scored per source, at most")

    @property
    def steps(self) -> int:
        """Optimiser steps: none for the model that reads nothing."""
        return 0 if self.untrained else -(-self.token_budget // (self.batch * self.context))

    @field_validator("preset")
    @classmethod
    def _known(cls, preset: str) -> str:
        if preset not in preset_names():
            raise unknown("preset", preset, preset_names())
        return preset

    @model_validator(mode="after")
    def _fits(self) -> Self:
        longest = load_preset(self.preset).context
        if self.context > longest:
            raise ValueError(f"context {self.context} is longer than the {longest} tokens of preset '{self.preset}'")
        return self
