"""Settings of the pretrain stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import yaml
from pydantic import Field, field_validator, model_validator

from inkling.components.shared.config import ExecutionOnly, Section, unknown
from inkling.components.shared.launch.config import RanksConfig
from inkling.models.language.presets import load_preset
from inkling.models.spec import Spec

_CHOICES = Path(__file__).with_name("optimizations.yaml")


class AnnealConfig(Section):
    """Another blend for the end of a run."""

    fraction: float = Field(gt=0, lt=1, description="part of the steps, the last ones, with the other blend")
    weights: dict[str, float] = Field(min_length=1, description="share of each shard; the others are not used")

    @field_validator("weights")
    @classmethod
    def _positive(cls, weights: dict[str, float]) -> dict[str, float]:
        if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
            raise ValueError("the weights of an annealing must not be negative, and one must be positive")
        return weights


class PretrainConfig(RanksConfig):
    """Which network, how many tokens it is trained on, and how."""

    stage: ClassVar[str] = "pretrain"

    seed: int = Field(0, ge=0, description="initial weights and order of the text")
    threads: int = Field(2, ge=1, description="threads of torch per rank; another number can change the last bits")
    preset: str = Field("laptop", description="size of the network, a file in models/language/presets")
    no_pretraining: bool = Field(False, description="whether to keep the initial weights: the no-pretraining baseline")
    token_budget: int = Field(1_000_000, ge=1, description="tokens to train on; rounded up to whole batches")
    exports: tuple[int | Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (),
        description="smaller token budgets, 0 included, or parts of the whole one, at which the model is exported as a "
        "LanguageModel of its own; the no-pretraining baseline has none",
    )
    optimization: str = Field("laptop", description="what holds where the settings below are not given")
    batch: int = Field(4, ge=1, description="sequences per step, over all ranks")
    context: int = Field(256, ge=2, description="tokens per sequence, at most those of the preset")
    learning_rate: float = Field(2e-3, gt=0, description="highest learning rate")
    warmup: float = Field(0.37, ge=0, lt=1, description="part of the steps over which the learning rate rises")
    warmup_steps: int | None = Field(None, ge=0, description="steps over which it rises, instead of a part of them")
    final_ratio: float = Field(0.1, ge=0, le=1, description="last learning rate as a part of the highest")
    weight_decay: float = Field(0.1, ge=0, description="decay of weight matrices")
    betas: tuple[float, float] = Field((0.9, 0.95), description="decay rates of AdamW's means")
    shuffled: bool = Field(
        False,
        exclude_if=lambda shuffled: not shuffled,
        description="whether each sequence holds tokens from random places of its shard: the control that reads how "
        "frequent tokens are, and no order",
    )
    anneal: AnnealConfig | None = Field(None, description="another blend for the end of the run")
    loss_spike: float = Field(3.0, gt=0, description="jump of the loss over its recent mean, in nats, that stops a run")
    checkpoint_every: int = Field(200, ge=1, description="steps between checkpoints, lost at most when a run is killed")
    heldout_windows: int = Field(64, ge=1, description="sequences of held-out text scored per source, at most")
    choice_items: int = Field(24, ge=0, description="questions made of held-out text, per source and suite, at most")
    compile: bool | None = Field(None, description="whether to compile the network; if not given, on a GPU in bf16")
    loader_workers: Annotated[int, ExecutionOnly()] = Field(
        0, ge=0, description="processes that prepare batches ahead; the order is the same for any number"
    )

    @property
    def steps(self) -> int:
        """Optimiser steps: none for the no-pretraining baseline."""
        return 0 if self.no_pretraining else self.steps_for(self.token_budget)

    @property
    def export_steps(self) -> dict[int, int]:
        """Steps after which the model is exported, by token budget."""
        whole = self.token_budget
        budgets = (export if isinstance(export, int) else round(export * whole) for export in self.exports)
        return {budget: self.steps_for(budget) for budget in sorted(budgets)}

    @property
    def effective_warmup_steps(self) -> int:
        """Steps over which the learning rate rises."""
        return int(self.warmup * self.steps) if self.warmup_steps is None else self.warmup_steps

    @property
    def accumulate(self) -> int:
        """Parts in which a rank takes its sequences of a step."""
        return 1 if self.micro_batch is None else self.batch // (self.ranks * self.micro_batch)

    def steps_for(self, tokens: int) -> int:
        """Steps for a number of tokens, rounded up."""
        return -(-tokens // (self.batch * self.context))

    def contents(self) -> dict[str, Any]:
        """The shape of the network that the preset names."""
        return {"shape": load_preset(self.preset).model_dump(mode="json")}

    def specs(self) -> list[Spec]:
        """The plug-ins that the settings choose: the language model of the preset among them."""
        return [*super().specs(), load_preset(self.preset)]

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        known = yaml.safe_load(_CHOICES.read_text())
        name = str(given.get("optimization", "laptop"))
        if name not in known:
            raise unknown("optimization", name, known)
        named = known[name]
        if "warmup" in given and "warmup_steps" not in given:
            named.pop("warmup_steps", None)
        if given.get("no_pretraining"):
            given = {**given, "exports": ()}
        return {**named, **given}

    @field_validator("preset")
    @classmethod
    def _known(cls, preset: str) -> str:
        load_preset(preset)
        return preset

    @model_validator(mode="after")
    def _fits(self) -> Self:
        longest = load_preset(self.preset).max_position_embeddings
        if self.context > longest:
            raise ValueError(f"context {self.context} is longer than the {longest} tokens of preset '{self.preset}'")
        if not self.no_pretraining and self.effective_warmup_steps >= self.steps:
            raise ValueError(
                f"a warm-up of {self.effective_warmup_steps} steps does not fit a run of {self.steps}: "
                "lower 'warmup_steps' or raise 'token_budget'"
            )
        return self

    @model_validator(mode="after")
    def _exportable(self) -> Self:
        for budget, step in self.export_steps.items():
            if budget < 0 or step >= self.steps:
                raise ValueError(f"exports: {budget} tokens are not fewer than those of the whole run")
        if len(set(self.export_steps.values())) != len(self.exports):
            raise ValueError("exports: two budgets fall on one step")
        return self

    @model_validator(mode="after")
    def _shared(self) -> Self:
        at_once = self.ranks * (self.micro_batch or 1)
        if self.batch % at_once:
            share = f" of {self.micro_batch} sequences at a time" if self.micro_batch else ""
            raise ValueError(f"batch {self.batch} cannot be shared evenly by {self.ranks} ranks{share}")
        return self
