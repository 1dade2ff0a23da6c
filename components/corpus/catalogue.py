"""The catalogue of sources: per name its quality and the packages and readers that it is made from."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from inkling.components.config import Section, read_mapping, unknown

_CATALOGUE = Path(__file__).with_name("sources.yaml")


class Part(Section):
    """One package of a source and how to read it."""

    package: str = Field(description="name in components/packages.yaml")
    reader: str = Field(description="name in the registry of readers")


class Source(Section):
    """A named source of text."""

    quality: Literal["real", "proxy"] = Field(description="whether the text is of the kind that the name says")
    description: str = Field(description="what the text is, in plain words")
    parts: list[Part] = Field(
        min_length=1, description="what it is read from; each gives equally many words while it lasts"
    )


@cache
def sources() -> dict[str, Source]:
    """Every source of the catalogue, by name, in its order."""
    return {name: Source.model_validate(entry) for name, entry in read_mapping(_CATALOGUE.read_text()).items()}


def source(name: str) -> Source:
    """The source of a name.

    Raises:
        ConfigError: If the catalogue has none of that name.
    """
    if name not in sources():
        raise unknown("source", name, sources())
    return sources()[name]
