"""Catalogues of sources: per name its quality and where its text comes from."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from inkling.components.corpus.document import Wanted, everything
from inkling.components.corpus.readers import READERS, SELECTIVE
from inkling.components.shared.config import ConfigError, Section, read_file, unknown
from inkling.components.shared.storage.packages import Allowance, package
from inkling.models.settings import explain

_FOLDER = Path(__file__).parent
SHIPPED = {"packages": _FOLDER / "sources.yaml", "hub": _FOLDER / "hub.yaml"}
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class PackagePart(Section):
    """One package of a source and how to read it."""

    package: str = Field(description="name in components/shared/storage/packages.yaml")
    reader: str = Field(description="name in the registry of readers")
    only: tuple[str, ...] = Field((), description="kinds of the reader's text that are taken; all where none is named")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.reader not in READERS:
            raise unknown("reader", self.reader, READERS)
        if self.only and self.reader not in SELECTIVE:
            raise ConfigError(f"reader '{self.reader}' cannot take only some kinds of text")
        return self


class Source(Section):
    """A named source of text; a subclass says where it comes from."""

    quality: Literal["real", "proxy"] = Field(description="whether the text is of the kind that the name says")
    description: str = Field(description="what the text is, in plain words")


class PackageSource(Source):
    """A source that is read out of pinned packages."""

    general: bool = Field(False, description="whether it leaves text to chosen sources of a narrower kind")
    parts: list[PackagePart] = Field(
        min_length=1, description="what it is read from; each gives equally many words while it lasts"
    )


class FileSource(Source):
    """A source that is read out of the user's own files."""

    licence: str = Field(description="licence of the text")
    attribution: str = Field("", description="whom the licence asks to name")
    files: list[str] = Field(min_length=1, description="shell patterns of files, relative to `folder`")
    format: Literal["jsonl", "parquet", "text"] | None = Field(
        None, description="by the files' suffix if left out: .jsonl, .jsonl.gz, .parquet, .txt, .md"
    )
    field: str = Field("text", description="key of a JSON line, or column of a table, that holds the text")
    encoding: str = Field("utf-8", description="encoding of JSON lines and of text")
    folder: Path = Field(Path(), exclude=True, description="where the patterns start, relative to the catalogue's own")


class HubSource(Source):
    """A source that is streamed from a data set of the Hugging Face hub."""

    licence: str = Field(description="licence of the text")
    attribution: str = Field("", description="whom the licence asks to name")
    dataset: str = Field(description="name of the data set on the hub, or a local directory laid out like one")
    config: str | None = Field(None, description="configuration of the data set; its only one if left out")
    split: str = Field("train", description="split of the data set")
    revision: str | None = Field(
        None, pattern=r"^[0-9a-f]{40}$", description="commit of the data set; nothing is fetched without one"
    )
    field: str = Field("text", description="column that holds the text")


_KINDS: dict[str, type[Source]] = {"parts": PackageSource, "files": FileSource, "dataset": HubSource}


@cache
def sources() -> dict[str, PackageSource]:
    """Every source that packages carry, by name, in the order of `sources.yaml`."""
    return {name: PackageSource.model_validate(entry) for name, entry in _entries("packages").items()}


def read_catalogues(names: Iterable[str]) -> dict[str, Source]:
    """The sources of several catalogues, by name; of two that share a name, the later one's is taken.

    Args:
        names: Each a shipped catalogue or the path of a YAML file.

    Raises:
        ConfigError: If one is unknown or an entry cannot be used.
    """
    found: dict[str, Source] = {}
    for name in names:
        found |= sources() if name == "packages" else _read(name)
    return found


def _entries(name: str) -> dict[str, Any]:
    path = SHIPPED.get(name, Path(name))
    if not name.endswith((".yaml", ".yml")) and name not in SHIPPED:
        raise unknown("catalogue", name, [*SHIPPED, "a YAML file of your own"])
    if not path.is_file():
        raise ConfigError(f"catalogue '{name}': there is no such file")
    return read_file(path)


def _read(name: str) -> dict[str, Source]:
    folder = SHIPPED.get(name, Path(name)).parent
    return {source: _entry(name, source, entry, folder) for source, entry in _entries(name).items()}


def _entry(catalogue: str, name: str, entry: Any, folder: Path) -> Source:
    keys = entry if isinstance(entry, dict) else {}
    kinds = [kind for key, kind in _KINDS.items() if key in keys]
    if len(kinds) != 1:
        raise ConfigError(f"{catalogue}: {name}: expected a mapping with one of the keys {', '.join(_KINDS)}")
    try:
        found = kinds[0].model_validate(keys)
    except ValidationError as error:
        raise ConfigError(f"{catalogue}: {explain(error, kinds[0], name)}") from None
    return found.model_copy(update={"folder": folder / found.folder}) if isinstance(found, FileSource) else found


def allowed_parts(name: str, entry: PackageSource, allow: Collection[Allowance]) -> PackageSource:
    """A source with only those parts whose packages may be fetched.

    Raises:
        ConfigError: If there is none.
    """
    parts = [part for part in entry.parts if package(part.package).allowed(allow)]
    if not parts:
        raise ConfigError(f"source '{name}' is made of packages that corpus.allow does not allow")
    return entry.model_copy(update={"parts": parts})


def shared_out(name: str, chosen: Mapping[str, PackageSource]) -> list[tuple[PackagePart, Wanted]]:
    """The parts of a source and the kinds that it takes of each, so that no two chosen sources take the same text.

    Args:
        name: Name of the source.
        chosen: All sources of the corpus that packages carry.

    Raises:
        ConfigError: If the chosen sources leave it nothing.
    """
    entry = chosen[name]
    narrower = [other for rival, other in chosen.items() if rival != name and not other.general]
    rivals = [part for other in narrower for part in other.parts] if entry.general else []
    taken = [(part, _wanted(part, [rival for rival in rivals if _same_text(rival, part)])) for part in entry.parts]
    left = [(part, wanted) for part, wanted in taken if wanted]
    if not left:
        raise ConfigError(f"the other chosen sources take all text of '{name}': leave it out of corpus.sources")
    return left


def _wanted(part: PackagePart, rivals: list[PackagePart]) -> Wanted | None:
    """What of a part's text is taken; None if rivals take all of it."""
    if any(not rival.only for rival in rivals):
        return None
    given_up = {kind for rival in rivals for kind in rival.only}
    if part.only:
        return lambda kind: kind in part.only and kind not in given_up
    return (lambda kind: kind not in given_up) if given_up else everything


def _same_text(first: PackagePart, second: PackagePart) -> bool:
    return (first.package, first.reader) == (second.package, second.reader)
