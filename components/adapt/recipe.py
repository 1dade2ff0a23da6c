"""Adaptation recipes: a connector, a fusion, and phases, each with its data, objectives and the parts that train."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from inkling.components.adapt.adapters import ADAPTERS, AdapterSpec
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.artifacts.conversations import DataKind
from inkling.components.artifacts.interleaved import INTERLEAVED
from inkling.components.shared.config import Section, read_file, unknown
from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.spec import ConnectorSpec, FusionSpec, Inputs, ObjectiveSpec

_CHOICES = Path(__file__).with_name("recipes")


class LanguageStart(Section):
    """What is done to the language model before the first phase; by default it starts as it was trained."""

    keep: float = Field(
        1.0, ge=0, le=1, description="its weights are this part as trained and the rest fresh, but for its embeddings"
    )
    queries: float = Field(
        1.0, gt=0, description="factor of the query projections; below 1 attention is spread more evenly"
    )

    @property
    def trained(self) -> bool:
        """Whether the language model starts as it was trained."""
        return self == LanguageStart()


class Drop(Section):
    """Which instruction turns, or which images with all that is said about them, are left out, whatever the recipe."""

    images: float = Field(
        0.0, ge=0, lt=1, exclude_if=lambda share: share == 0, description="part of the images, their captions too"
    )
    perception: float = Field(0.0, ge=0, le=1, description="part of those that ask what is seen")
    reasoning: float = Field(0.0, ge=0, le=1, description="part of those that ask what follows from it")
    random: int = Field(0, ge=0, description="a number of them, whatever they ask: the control of equal size")

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if self.random and (self.perception or self.reasoning):
            raise ValueError("'random' is the control beside the other two: state it alone")
        return self

    @property
    def nothing(self) -> bool:
        """Whether nothing is left out."""
        return self == Drop()


class Phase(Section):
    """One phase of an adaptation."""

    name: str = Field(description="unique in its recipe")
    data: tuple[DataKind, ...] = Field(min_length=1, description="kinds of turns to train on, or interleaved documents")
    objectives: tuple[Annotated[ObjectiveSpec, OBJECTIVES], ...] = Field(
        min_length=1, description="what is trained for: the sum of these losses, each by its weight"
    )
    train: tuple[str, ...] = Field(min_length=1, description="parts that train; all else is frozen")
    epochs: float = Field(ge=0, description="passes over the images")
    batch: int = Field(ge=1, description="images of an optimiser step, each with all its turns, or documents")
    documents: Literal["whole", "pairs"] = Field(
        "whole",
        exclude_if=lambda form: form == "whole",
        description="interleaved documents as they are, or cut into pairs of an image and the text behind it",
    )
    learning_rate: float = Field(gt=0, description="highest learning rate; cosine decay to a hundredth")
    learning_rates: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {}, exclude_if=lambda rates: not rates, description="that of single parts that train, instead, by their names"
    )
    warmup: float = Field(0.06, ge=0, lt=1, description="part of the steps that warm up (paper, section 2: 0.06)")
    weight_decay: float = Field(0.0, ge=0, description="decay of matrices (the paper's adaptation follows Cambrian: 0)")
    blind: float = Field(0.0, ge=0, le=1, description="part of the batches without the image; 1: images are never seen")
    text_only: float | None = Field(
        None,
        ge=0,
        lt=1,
        exclude_if=lambda share: share is None,
        description="part of the sequences that are text alone (paper, section 2: 0.43); all there are if not given",
    )

    @property
    def active(self) -> tuple[ObjectiveSpec, ...]:
        """The objectives that weigh something; those of weight 0 are not computed."""
        return tuple(objective for objective in self.objectives if objective.weight)

    @property
    def reads_text_alone(self) -> bool:
        """Whether a sequence without an image teaches anything: its text trains the language model or its adapter."""
        return bool({"language", "adapter"} & {*self.train}) and any(objective.reads_text for objective in self.active)

    @property
    def reads_documents(self) -> bool:
        """Whether it reads interleaved documents."""
        return INTERLEAVED in self.data

    @model_validator(mode="after")
    def _reads_what_it_can(self) -> Self:
        if not self.reads_documents:
            if self.documents != "whole":
                raise ValueError("'documents: pairs' cuts interleaved documents: add 'interleaved' to 'data'")
            return self
        single = [objective.type for objective in self.active if not objective.reads_documents]
        if single:
            raise ValueError(
                f"{', '.join(single)} learns from an image with what is known of it, not from documents: leave it out, "
                "or 'interleaved' of 'data'"
            )
        return self

    @model_validator(mode="after")
    def _trains_something(self) -> Self:
        for part in self.learning_rates:
            if part not in self.train:
                raise unknown("part that trains, in learning_rates", part, self.train)
        types = [objective.type for objective in self.objectives]
        if len(set(types)) < len(types):
            raise ValueError(f"an objective stands twice among {', '.join(types)}: give it one weight")
        if not self.active:
            raise ValueError(f"every objective of {', '.join(types)} has weight 0: nothing is left to train for")
        reads_text = any(objective.reads_text for objective in self.active)
        if not reads_text and "connector" not in self.train:
            raise ValueError(
                f"{', '.join(types)} train the connector alone, but the parts that train are {', '.join(self.train)}: "
                "add 'connector' to 'train', or an objective that reads text, such as next_token"
            )
        if (self.blind or self.text_only) and not self.reads_text_alone:
            setting = "blind" if self.blind else "text_only"
            raise ValueError(
                f"a batch without the image has only text to learn from: {setting} needs 'language' or 'adapter' "
                "among the parts that train, and an objective that reads text, such as next_token"
            )
        return self


class AdaptationRecipe(Section):
    """A whole adaptation."""

    name: str = Field("inline", description="what the recipe is called")
    about: str = Field("", description="what it does, in a line")
    departures: tuple[str, ...] = Field((), description="where and why it leaves the paper's recipe")
    connector: Annotated[ConnectorSpec, CONNECTORS] = Field(description="from image features to image tokens")
    fusion: Annotated[FusionSpec, FUSIONS] = Field(description="how image tokens enter the language model")
    language_start: LanguageStart = Field(
        LanguageStart(), exclude_if=lambda start: start.trained, description="how the language model starts"
    )
    adapter: Annotated[AdapterSpec, ADAPTERS] | None = Field(
        None,
        exclude_if=lambda adapter: adapter is None,
        description="what trains in place of the language model's own weights, and is merged into them at the end",
    )
    phases: tuple[Phase, ...] = Field(min_length=1, description="in the order of training")

    @property
    def parts(self) -> list[str]:
        """Parts of the model that a phase may train: those that the recipe states, and `language`."""
        kinds = ConnectorSpec | FusionSpec | AdapterSpec
        stated = [name for name, spec in self if isinstance(spec, kinds) and spec.trainable]
        return [*stated, "language"]

    def image_positions(self, inputs: Inputs) -> int:
        """Positions of a sequence that an image takes, of views as the encoder gives them."""
        return self.fusion.positions(self.connector.image_tokens(inputs))

    def check(self) -> Self:
        """Checks what the phases and the parts say of one another.

        Raises:
            ConfigError: If a phase trains a part that there is not; the message names those that there are.
            ValueError: If two phases have one name, or none has any epochs; if no phase trains the adapter, or one
                trains the language model that it adapts.
        """
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError(f"two phases have one name: {', '.join(names)}")
        if not any(phase.epochs for phase in self.phases):
            raise ValueError("every phase has 0 epochs: the recipe trains nothing")
        for phase in self.phases:
            self._check_documents(phase)
            for part in phase.train:
                if part not in self.parts:
                    raise unknown(f"part to train in phase '{phase.name}'", part, self.parts)
            if self.adapter and "language" in phase.train:
                raise ValueError(
                    f"phase '{phase.name}' trains 'language', whose weights the adapter '{self.adapter.type}' takes as "
                    "they are: train 'adapter' in its place, or state no adapter"
                )
        if self.adapter and not any("adapter" in phase.train for phase in self.phases):
            raise ValueError(
                f"no phase trains the adapter '{self.adapter.type}': add 'adapter' to what one trains, or state none"
            )
        return self

    def _check_documents(self, phase: Phase) -> None:
        """Refuses documents that the fusion or the connector cannot read."""
        if not phase.reads_documents:
            return
        if not self.fusion.several_images:
            raise ValueError(
                f"phase '{phase.name}' reads interleaved documents, but fusion '{self.fusion.type}' knows one image a "
                "sequence: use prefix"
            )
        if self.connector.reads_question:
            raise ValueError(
                f"phase '{phase.name}' reads interleaved documents, in which nothing is asked, but connector "
                f"'{self.connector.type}' reads the question: use another connector, such as mlp"
            )

    @model_validator(mode="after")
    def _checked(self) -> Self:
        return self.check()


def recipe_names() -> list[str]:
    """Names of the recipes that ship."""
    return sorted(path.stem for path in _CHOICES.glob("*.yaml"))


@cache
def load_recipe(name: str) -> AdaptationRecipe:
    """Reads a recipe that ships.

    Raises:
        ConfigError: If there is none of that name; the message names those that there are.
    """
    if name not in recipe_names():
        raise unknown("adaptation recipe", name, recipe_names())
    content = read_file(_CHOICES / f"{name}.yaml")
    return AdaptationRecipe.model_validate({"name": name, **content})
