"""Settings of the adapt stage."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from inkling.components.adapt.adapters import ADAPTERS, AdapterSpec
from inkling.components.adapt.recipe import AdaptationRecipe, Drop, LanguageStart, Phase, load_recipe
from inkling.components.shared.config import ConfigError, ExecutionOnly, unknown
from inkling.components.shared.launch.config import RanksConfig
from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.settings import explain
from inkling.models.spec import ConnectorSpec, FusionSpec, Spec, specs_in

_RANKS = {"strategy", "processes", "nodes", "micro_batch", "precision"}
"""Who computes a step changes its last bits; at their defaults they are no part of a key."""


def _shipped(stated: Any) -> Any:
    """The recipe of a name; what is no name is taken as it is."""
    return load_recipe(stated) if isinstance(stated, str) else stated


class AdaptConfig(RanksConfig):
    """Which recipe, and what a profile changes of it."""

    stage: ClassVar[str] = "adapt"
    runs: ClassVar[tuple[str, ...]] = ("language_model",)

    seed: int = Field(0, ge=0, description="initial connector and order of the images")
    threads: int = Field(2, ge=1, description="threads of torch; another number can change the last bits")
    recipe: Annotated[AdaptationRecipe, BeforeValidator(_shipped)] = Field(
        default_factory=lambda: load_recipe("laptop"), description="name of a recipe that ships, or a whole recipe"
    )
    connector: Annotated[ConnectorSpec, CONNECTORS] | None = Field(None, description="in place of the recipe's")
    fusion: Annotated[FusionSpec, FUSIONS] | None = Field(None, description="in place of the recipe's")
    language_start: LanguageStart | None = Field(None, description="in place of the recipe's")
    adapter: Annotated[AdapterSpec, ADAPTERS] | None = Field(None, description="in place of the recipe's")
    epochs: dict[str, float] = Field({}, description="epochs of phases by name, where not the recipe's own")
    phases: dict[str, dict[str, Any]] = Field(
        {}, description="settings of phases by name, where not the recipe's own: {instruct: {learning_rate: 1.0e-3}}"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field("fp32", description="auto: bf16 on a GPU, fp32 on a CPU")
    keep_after: Annotated[str | None, ExecutionOnly()] = Field(
        None, description="phase after which the model is stored too: recipes that are alike up to there go on from it"
    )
    drop: Drop = Field(Drop(), description="instruction turns that are left out: {perception: 0.5}")
    checkpoint_every: Annotated[int, ExecutionOnly()] = Field(
        100, ge=1, description="steps between checkpoints, lost at most when a run is killed"
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = [phase.name for phase in self.recipe.phases]
        for name in (*self.epochs, *self.phases):
            if name not in names:
                raise unknown("phase of the recipe", name, names)
        for name, epochs in self.epochs.items():
            if epochs < 0:
                raise ValueError(f"epochs of '{name}' must not be negative, got {epochs:g}")
        for phase in self.resolved().check().phases:
            self._shareable(phase)
            if self.drop.images and phase.reads_documents:
                raise ValueError(
                    f"drop.images leaves images out with what is said about them, but phase '{phase.name}' reads whole "
                    "documents: state scenes.train instead"
                )
        if self.keep_after is not None:
            self._keepable(names[:-1])
        return self

    def _keepable(self, names: Sequence[str]) -> None:
        """Refuses to keep a model that is not the whole of what the next phase takes."""
        if self.keep_after not in names:
            raise unknown("phase to keep the model after, which is not the last", str(self.keep_after), names)
        if self.resolved().adapter:
            raise ValueError("keep_after stores a model, not its adapter, which trains on: leave it out")

    def _shareable(self, phase: Phase) -> None:
        """Refuses ranks, and parts of a step, that a phase cannot have."""
        if phase.batch % self.ranks:
            raise ValueError(
                f"batch {phase.batch} of phase '{phase.name}' cannot be shared evenly by {self.ranks} ranks"
            )
        whole = [objective.type for objective in phase.active if not objective.divisible]
        if whole and self.ranks * self.accumulate(phase) > 1:
            raise ValueError(
                f"{', '.join(whole)} compares the images of a whole batch, so that ranks cannot share phase "
                f"'{phase.name}': use strategy single without micro_batch, or another objective"
            )

    def accumulate(self, phase: Phase) -> int:
        """The fewest equal parts, of at most `micro_batch` sequences, in which a rank takes its share of a step."""
        share = phase.batch // self.ranks
        most = self.micro_batch or share
        return next(parts for parts in range(1, share + 1) if share % parts == 0 and share // parts <= most)

    def resolved(self) -> AdaptationRecipe:
        """The recipe with what this configuration states in place of its own.

        Raises:
            ConfigError: If a phase does not take a setting; the message names the valid ones.
        """
        recipe = self.recipe
        parts = {
            "connector": self.connector or recipe.connector,
            "fusion": self.fusion or recipe.fusion,
            "language_start": self.language_start or recipe.language_start,
            "adapter": self.adapter or recipe.adapter,
        }
        return recipe.model_copy(update={"phases": tuple(self._phase(phase) for phase in recipe.phases), **parts})

    def _phase(self, phase: Phase) -> Phase:
        epochs = self.epochs.get(phase.name, phase.epochs)
        stated = {**phase.model_dump(mode="json"), "epochs": epochs, **self.phases.get(phase.name, {})}
        try:
            return Phase.model_validate(stated)
        except ValidationError as error:
            raise ConfigError(explain(error, Phase, f"adapt.phases.{phase.name}")) from None

    def until(self, name: str) -> Self:
        """The configuration that ends after a phase."""
        recipe = self.resolved()
        end = [phase.name for phase in recipe.phases].index(name) + 1
        shorter = recipe.model_copy(update={"phases": recipe.phases[:end]})
        whole = dict.fromkeys(("connector", "fusion", "language_start", "adapter", "keep_after"))
        return self.model_copy(update={"recipe": shorter, "epochs": {}, "phases": {}, **whole})

    def settings(self) -> dict[str, Any]:
        """What determines the result, the recipe resolved: one key, wherever a setting was stated."""
        left_out = {} if self.drop.nothing else {"drop": self.drop.model_dump(mode="json")}
        recipe = self.resolved().model_dump(mode="json")
        ranks = self.model_dump(mode="json", include=_RANKS, exclude_defaults=True)
        return {"seed": self.seed, "threads": self.threads, "recipe": recipe, **left_out, **ranks}

    def specs(self) -> list[Spec]:
        """The connector, the fusion, the adapter and the objectives that are used; those of weight 0 are not."""
        recipe = self.resolved()
        return list(
            specs_in([recipe.connector, recipe.fusion, recipe.adapter, [phase.active for phase in recipe.phases]])
        )
