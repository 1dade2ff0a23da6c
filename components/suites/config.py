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
                present = columns_of(path)
                for key, names in suite.columns.named().items() if suite.columns else ():
                    for name in names:
                        if name not in present:
                            raise unknown(
                                f"column of suite '{suite.name}' in {path.name} (columns.{key})", name, present
                            )
                        kinds, filled = _holds(key, suite)
                        check_column(path, name, present[name], kinds, filled)
        return self

    @cached_property
    def files(self) -> dict[str, list[Path]]:
        """The data files of each suite, sorted.

        Raises:
            ConfigError: If a pattern fits none.
        """
        files: dict[str, list[Path]] = {}
        for suite in self.read:
            found: set[Path] = set()
            for pattern in suite.data:
                paths = [Path(path) for path in glob.glob(pattern) if Path(path).is_file()]  # noqa: PTH207 (absolute)
                if not paths:
                    raise ConfigError(
                        f"suite '{suite.name}': there is no file {pattern}; state where it lies, as in "
                        f"suites.read: [{{suite: {suite.name}, data: FILE}}]"
                    )
                require_text([str(path) for path in paths], f"suite '{suite.name}': a file's name")
                found.update(paths)
            files[suite.name] = sorted(found)
        return files

    @property
    def needed(self) -> bool:
        """Whether other suites are read than those about the rendered scenes, so that the stage has something to do."""
        return [suite.name for suite in self.read] != [SCENES, TRANSFER]

    def places(self) -> dict[str, list[str]]:
        """Files and artifacts outside of the run that the suites read."""
        stored = [suite.artifact for suite in self.read if suite.artifact not in (None, THIS_RUN)]
        return {"read": [*(str(path) for paths in self.files.values() for path in paths), *map(str, stored)]}

    def contents(self) -> dict[str, Any]:
        """What is read of each suite: digests in place of where its data lie, and nothing that only a report says."""
        left_out: Any = dict.fromkeys(("data", "artifact", "headline", "report"), True)
        left_out["categories"] = {"__all__": {"description"}}
        return {
            "read": [
                {
                    **suite.model_dump(mode="json", exclude=left_out),
                    "data": [sha256(path) for path in self.files[suite.name]],
                    "artifact": _identity(suite),
                }
                for suite in self.read
            ]
        }


def _holds(key: str, suite: Suite) -> tuple[tuple[Kind, ...], bool]:
    """What a column may hold, by the key of `columns` that names it, and whether some row must have a value."""
    if key == "choices":
        listed = suite.columns is not None and isinstance(suite.columns.choices, str)
        return (("lists",) if listed else ("values",)), listed
    return (("bytes", "images", "values") if key == "image" else ("values",)), key in ("question", "image", "answer")


def _identity(suite: Suite) -> str | None:
    """What a suite's artifact holds."""
    if suite.artifact in (None, THIS_RUN):
        return suite.artifact
    try:
        return Manifest.read(Path(str(suite.artifact))).digest
    except ArtifactError as error:
        raise ConfigError(f"suite '{suite.name}': {error}") from None
