"""Settings of the scenes stage."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from inkling.components.scenes.catalogue import packages
from inkling.components.scenes.loaders import LOADERS
from inkling.components.scenes.loaders.contract import LoaderSpec
from inkling.components.scenes.phrasings import MOST
from inkling.components.scenes.queries import FAMILIES
from inkling.components.shared.config import StageConfig, unknown
from inkling.components.shared.storage.packages import contents
from inkling.components.shared.wording import ORDINALS

_CHANGEABLE = 0.67  # share of the training scenes that can have a twin
TRANSFER_SHARE = 2.5
"""Held-out phrasings, compositions and facts, each for one scene of a family of the headline suite."""


def _one_or_many(stated: Any) -> Any:
    return [stated] if isinstance(stated, dict | str) else stated


class ScenesConfig(StageConfig):
    """How many scenes are rendered for each split."""

    stage: ClassVar[str] = "scenes"

    seed: int = Field(0, ge=0, description="Seed of everything left to chance in a scene.")
    threads: int = Field(1, ge=1, description="Processes that render; the pictures do not depend on it.")
    train: int = Field(3400, ge=11, description="Scenes to learn from, over all families.")
    validation: int = Field(30, ge=2, description="Scenes of each family to choose settings on.")
    test: int = Field(90, ge=2, description="Scenes of each family that are only reported.")
    phrasings: int = Field(MOST, ge=1, le=MOST, description="From how many phrasings each instruction is drawn.")
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict,
        exclude_if=lambda weights: not weights,
        description="How many times as often as by default a family is among the scenes to learn from, by its name, as "
        "`{size: 3, chart: 3}`; there are still `train` in all.",
    )
    existence_pairs: int = Field(
        0,
        ge=0,
        le=MOST,
        exclude_if=lambda pairs: pairs == 0,
        description="Existence questions for yes, and as many for no, about each training picture of one drawing; 0: "
        "one question, for yes or for no by chance.",
    )
    twins: float = Field(
        0.0,
        ge=0,
        le=1,
        exclude_if=lambda share: share == 0,
        description="Share of the scenes with something to change that have a twin.",
    )
    text_only: float = Field(
        0.0,
        ge=0,
        le=0.9,
        exclude_if=lambda share: share == 0,
        description="Share of the instructions that are text alone: a caption in place of the picture (LSBS: 0.43).",
    )
    documents: int = Field(
        0,
        ge=0,
        le=len(ORDINALS),
        exclude_if=lambda pictures: pictures == 0,
        description="Pictures of an interleaved document: all scenes to learn from stand in one too, beside their "
        "captions and instructions; 0: no documents.",
    )
    conversations: Annotated[tuple[Annotated[LoaderSpec, LOADERS], ...], BeforeValidator(_one_or_many)] = Field(
        (),
        exclude_if=lambda sources: not sources,
        description="data of one's own to learn from in place of the scenes, as `{type: llava, path: FILE, images: "
        "FOLDER}`, or a list of such",
    )
    own_share: float = Field(
        1.0,
        gt=0,
        le=1,
        exclude_if=lambda share: share == 1,
        description="Share of the pictures to learn from that are of `conversations`, beside the `train` scenes; 1: "
        "no scene is rendered to learn from.",
    )

    @model_validator(mode="after")
    def _known_families(self) -> Self:
        for family in self.weights:
            if family not in FAMILIES:
                raise unknown("family of scenes", family, FAMILIES)
        return self

    @model_validator(mode="after")
    def _something_to_mix(self) -> Self:
        if self.own_share < 1 and not self.conversations:
            raise ValueError("own_share is of the data that 'conversations' names: state these, or leave it out")
        return self

    @model_validator(mode="after")
    def _several_pictures(self) -> Self:
        if self.documents == 1:
            raise ValueError("documents: 1 is one picture a document: state 2 or more, or 0 for none")
        if self.documents and self.conversations and self.own_share == 1:
            raise ValueError(
                "documents are made of rendered scenes, and 'conversations' stands in their place: leave it out, or "
                "state own_share"
            )
        return self

    @model_validator(mode="after")
    def _worded(self) -> Self:
        if self.existence_pairs > self.phrasings:
            raise ValueError(
                f"existence_pairs asks for one thing in {self.existence_pairs} phrasings, and phrasings is "
                f"{self.phrasings}: raise it, or lower existence_pairs"
            )
        return self

    def places(self) -> dict[str, list[str]]:
        """Files and folders that are read to learn from."""
        return {"conversations": [place for source in self.conversations for place in source.places()]}

    @property
    def taught(self) -> int:
        """About how many pictures there are to learn from, twins among them."""
        mixed = 1 - self.own_share if self.own_share < 1 else 1.0
        return round(self.train * (1 + _CHANGEABLE * self.twins) / mixed)

    def contents(self) -> dict[str, Any]:
        """The packages that scenes draw from, and what files and pictures hold in place of where they lie."""
        read = {"conversations": [source.contents for source in self.conversations]} if self.conversations else {}
        return {"packages": contents(packages()), **read}
