"""Settings of the suites stage."""

import glob
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from inkling.components.artifacts.suite import SCENES, THIS_RUN, TRANSFER, Suite, Suites, rendered_scenes
from inkling.components.shared.config import ConfigError, StageConfig, unknown
from inkling.components.shared.store.manifest import ArtifactError, Manifest, sha256
from inkling.components.shared.text import require_text
from inkling.components.suites.rows import Kind, check_column, columns_of


class SuitesConfig(StageConfig):
    """Which suites of questions a model is asked."""

    stage: ClassVar[str] = "suites"

    seed: int = Field(0, ge=0, description="draws the mismatched images")
    read: Suites = Field(
        default_factory=rendered_scenes,
        description="suites in their order: shipped ones by name, YAML files, or `{suite: mmbench, data: FILE}`",
    )

    @model_validator(mode="after")
    def _found(self) -> Self:
        """Refuses data that are not there and columns that they lack, before any work."""
        for suite in self.read:
            for path in self.files[suite.name]:
                _check(
                    path,
                    suite,
                    {key if key == "where" else f"columns.{key}": names for key, names in suite.columns_read().items()},
                )
            for path in self.picture_files[suite.name]:
                assert suite.pictures is not None
                _check(path, suite, {"pictures.id": [suite.pictures.id], "pictures.image": [suite.pictures.image]})
        return self

    @cached_property
    def files(self) -> dict[str, list[Path]]:
        """The data files of each suite, sorted.

        Raises:
            ConfigError: If a pattern fits none.
        """
        return {suite.name: _found(suite, suite.data, "data: FILE") for suite in self.read}

    @cached_property
    def picture_files(self) -> dict[str, list[Path]]:
        """The files of each suite's table of images, sorted; none where the questions hold their images.

        Raises:
            ConfigError: If a pattern fits none.
        """
        return {
            suite.name: _found(suite, suite.pictures.data if suite.pictures else (), "pictures: {data: FILE, ...}")
            for suite in self.read
        }

    @property
    def needed(self) -> bool:
        """Whether other suites are read than those about the rendered scenes, so that the stage has something to do."""
        return [suite.name for suite in self.read] != [SCENES, TRANSFER]

    def places(self) -> dict[str, list[str]]:
        """Files and artifacts outside of the run that the suites read."""
        stored = [suite.artifact for suite in self.read if suite.artifact not in (None, THIS_RUN)]
        files = [path for named in (self.files, self.picture_files) for paths in named.values() for path in paths]
        return {"read": [*map(str, files), *map(str, stored)]}

    def contents(self) -> dict[str, Any]:
        """What is read of each suite: digests in place of where its data lie, and nothing that only a report says."""
        left_out: Any = dict.fromkeys(("data", "artifact", "headline", "report", "hub", "size", "tried"), True)
        left_out |= {"categories": {"__all__": {"description"}}, "pictures": {"data"}}
        return {
            "read": [
                {
                    **suite.model_dump(mode="json", exclude=left_out),
                    "data": [sha256(path) for path in self.files[suite.name]],
                    "artifact": _identity(suite),
                    **(
                        {"images": [sha256(path) for path in found]}
                        if (found := self.picture_files[suite.name])
                        else {}
                    ),
                }
                for suite in self.read
            ]
        }


def _found(suite: Suite, patterns: tuple[str, ...], key: str) -> list[Path]:
    """The files that patterns name, sorted."""
    found: set[Path] = set()
    for pattern in patterns:
        paths = [Path(path) for path in glob.glob(pattern) if Path(path).is_file()]  # noqa: PTH207 (absolute)
        if not paths:
            published = f". It is published at {suite.hub}, under {suite.licence}" if suite.hub else ""
            raise ConfigError(
                f"suite '{suite.name}': there is no file {pattern}; state where it lies, as in "
                f"suites.read: [{{suite: {suite.name}, {key}}}]{published}"
            )
        require_text([str(path) for path in paths], f"suite '{suite.name}': a file's name")
        found.update(paths)
    return sorted(found)


def _check(path: Path, suite: Suite, named: dict[str, list[str]]) -> None:
    """Refuses a file that lacks a column, or has one that cannot be read as what it is named for."""
    present = columns_of(path)
    for key, names in named.items():
        for name in names:
            if name not in present:
                raise unknown(f"column of suite '{suite.name}' in {path.name} ({key})", name, present)
            kinds, filled = _holds(key, suite)
            check_column(path, name, present[name], kinds, filled)


_IMAGES: tuple[Kind, ...] = ("bytes", "images", "image lists", "values")


def _holds(key: str, suite: Suite) -> tuple[tuple[Kind, ...], bool]:
    """What a column may hold, by the key that names it, and whether some row must have a value."""
    columns = suite.columns
    if key == "columns.choices" and columns is not None:
        listed = isinstance(columns.choices, str) and columns.choices_as == "list"
        return (("lists",) if listed else ("values",)), listed and not suite.open
    if key == "columns.answer":
        return ("values", "lists"), True
    if key == "columns.image":
        return (("values",) if suite.pictures else _IMAGES), True
    if key in ("columns.further_images", "pictures.image"):
        return _IMAGES, key == "pictures.image"
    return ("values",), key in ("columns.question", "pictures.id")


def _identity(suite: Suite) -> str | None:
    """What a suite's artifact holds."""
    if suite.artifact in (None, THIS_RUN):
        return suite.artifact
    try:
        return Manifest.read(Path(str(suite.artifact))).digest
    except ArtifactError as error:
        raise ConfigError(f"suite '{suite.name}': {error}") from None
