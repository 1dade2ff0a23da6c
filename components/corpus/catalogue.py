"""The catalogue of sources: per name its quality and the packages and readers that it is made from."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from inkling.components.config import ConfigError, Section, read_mapping, unknown
from inkling.components.corpus.document import Wanted, everything
from inkling.components.corpus.readers import SELECTIVE

_CATALOGUE = Path(__file__).with_name("sources.yaml")


class Part(Section):
    """One package of a source and how to read it."""

    package: str = Field(description="name in components/packages.yaml")
    reader: str = Field(description="name in the registry of readers")
    only: tuple[str, ...] = Field((), description="kinds of the reader's text that are taken; all where none is named")

    @model_validator(mode="after")
    def _selective(self) -> Self:
        if self.only and self.reader not in SELECTIVE:
            raise ConfigError(f"reader '{self.reader}' cannot take only some kinds of text")
        return self


class Source(Section):
    """A named source of text."""

    quality: Literal["real", "proxy"] = Field(description="whether the text is of the kind that the name says")
    description: str = Field(description="what the text is, in plain words")
    general: bool = Field(False, description="whether it leaves text to chosen sources of a narrower kind")
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


def shared_out(name: str, chosen: Iterable[str]) -> list[tuple[Part, Wanted]]:
    """The parts of a source and the kinds that it takes of each, so that no two chosen sources take the same text.

    Args:
        name: Name of the source.
        chosen: Names of all sources of the corpus.

    Raises:
        ConfigError: If the chosen sources leave it nothing.
    """
    entry = source(name)
    narrower = [other for other in map(source, chosen) if other is not entry and not other.general]
    rivals = [part for other in narrower for part in other.parts] if entry.general else []
    taken = [(part, _wanted(part, [rival for rival in rivals if _same_text(rival, part)])) for part in entry.parts]
    left = [(part, wanted) for part, wanted in taken if wanted]
    if not left:
        raise ConfigError(f"the other chosen sources take all text of '{name}': leave it out of corpus.sources")
    return left


def _wanted(part: Part, rivals: list[Part]) -> Wanted | None:
    """What of a part's text is taken; None if rivals take all of it."""
    if any(not rival.only for rival in rivals):
        return None
    given_up = {kind for rival in rivals for kind in rival.only}
    if part.only:
        return lambda kind: kind in part.only and kind not in given_up
    return (lambda kind: kind not in given_up) if given_up else everything


def _same_text(first: Part, second: Part) -> bool:
    return (first.package, first.reader) == (second.package, second.reader)
