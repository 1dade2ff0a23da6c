"""Settings of the adapt stage."""

from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from inkling.components.adapt.recipes import StageRecipe, find_recipe
from inkling.components.shared.config import StageConfig, unknown
from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.spec import Spec


class AdaptConfig(StageConfig):
    """Which recipe, and how much of it."""

    stage: ClassVar[str] = "adapt"
    runs: ClassVar[tuple[str, ...]] = ("language_model",)

    seed: int = Field(0, ge=0, description="initial connector and order of the images")
    threads: int = Field(2, ge=1, description="threads of torch; another number can change the last bits")
    recipe: str = Field("laptop", description="name in recipes.yaml")
    epochs: dict[str, float] = Field({}, description="epochs of stages by name, where not the recipe's own")
    hidden: int = Field(256, ge=1, description="hidden width of the connector")
    checkpoint_every: int = Field(100, ge=1, description="steps between checkpoints, lost at most when a run is killed")

    @model_validator(mode="after")
    def _known(self) -> Self:
        names = [stage.name for stage in find_recipe(self.recipe).stages]
        for name, epochs in self.epochs.items():
            if name not in names:
                raise unknown("stage of the recipe", name, names)
            if epochs < 0:
                raise ValueError(f"epochs of '{name}' must not be negative, got {epochs:g}")
        return self

    def specs(self) -> list[Spec]:
        """The connector and the fusion."""
        return [CONNECTORS.read("mlp"), FUSIONS.read("prefix")]

    def contents(self) -> dict[str, Any]:
        """What the recipe says."""
        return {"adaptation": find_recipe(self.recipe).model_dump(mode="json")}

    def stages(self) -> list[StageRecipe]:
        """The stages of the recipe, with the epochs of this configuration."""
        return [
            stage.model_copy(update={"epochs": self.epochs.get(stage.name, stage.epochs)})
            for stage in find_recipe(self.recipe).stages
        ]
