"""The claims of the paper as data: what each says, where, and the rule that decides it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.compare.config import Label, Measure
from inkling.components.shared.config import Section
from inkling.components.shared.strict_yaml import read_mapping

_TABLE = Path(__file__).with_name("claims.yaml")
Where = dict[str, tuple[Label, ...]]
"""Labels on some axes; groups with any of them on each are averaged over."""


class ClaimPart(Section):
    """A part of a claim: an effect above 0, or two categories that go together."""

    says: str = Field(description="the part in words")
    more: tuple[Where, ...] = Field((), description="groups whose mean is said to be higher")
    than: tuple[Where, ...] = Field((), description="groups whose mean is said to be lower, as many terms")
    category: str | None = Field(None, description="category of the first suite; its headline mean where not given")
    measure: Measure = Field("visual", description="what is compared: right answers with the image where not given")
    matters: float | None = Field(None, gt=0, description="effect that matters; the study's margin where not given")
    together: tuple[str, ...] = Field((), description="two categories that are said to go together over models")

    @field_validator("more", "than", mode="before")
    @classmethod
    def _listed(cls, stated: Any) -> Any:
        if not isinstance(stated, list | tuple) or not all(isinstance(term, Mapping) for term in stated):
            return stated
        return [
            {axis: labels if isinstance(labels, list | tuple) else [labels] for axis, labels in term.items()}
            for term in stated
        ]

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.together:
            if len(self.together) != 2 or self.more or self.than:
                raise ValueError(f"'{self.says}': together names two categories, and stands without more and than")
        elif not self.more or len(self.more) != len(self.than):
            raise ValueError(f"'{self.says}': more and than need as many terms, one at least")
        return self


class Claim(Section):
    """A finding or a hypothesis of the paper."""

    statement: str = Field(description="what is claimed")
    source: str = Field(description="paper with its figure or table")
    parts: tuple[ClaimPart, ...] = Field(min_length=1, description="what must be shown")
    limit: str = Field("", description="what the rule does not reach")
    twin: dict[Label, Label] = Field({}, description="by labels here, those of the twin with the paper's exact values")

    def of_twin(self) -> Self:
        """The claim as the twin of its study has its labels."""

        def translated(term: Where) -> Where:
            return {axis: tuple(self.twin.get(label, label) for label in labels) for axis, labels in term.items()}

        parts = tuple(
            part.model_copy(update={"more": [*map(translated, part.more)], "than": [*map(translated, part.than)]})
            for part in self.parts
        )
        return self.model_copy(update={"parts": parts})


@cache
def claims() -> dict[str, Claim]:
    """The claims, by name.

    Raises:
        ConfigError: If the table cannot be used.
    """
    return {name: Claim.model_validate(stated) for name, stated in read_mapping(_TABLE.read_text()).items()}
