"""The base of every artifact type: a verified directory with a manifest."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from inkling.components.shared.store.manifest import ArtifactError, Manifest
from inkling.models.strict_json import to_json

ATTRIBUTION = "ATTRIBUTION.md"


@dataclass(frozen=True)
class Artifact:
    """A directory whose files are what its manifest says.

    A subclass sets `type` and `schema` and adds readers of its own files; it never writes into `path`.

    Attributes:
        path: The directory.
        manifest: Its manifest.
    """

    type: ClassVar[str]
    schema: ClassVar[int] = 1

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Opens an artifact and verifies every byte of it.

        Raises:
            ArtifactError: If there is none, it is of another type or schema, or a file was changed.
        """
        directory = Path(path)
        manifest = Manifest.read(directory)
        if (manifest.type, manifest.schema) != (cls.type, cls.schema):
            found = f"{manifest.type} (schema {manifest.schema})"
            raise ArtifactError(f"{directory} holds a {found}, expected a {cls.type} (schema {cls.schema})")
        manifest.verify(directory)
        return cls(directory, manifest)

    def read_json(self, name: str) -> dict[str, Any]:
        """What one of its JSON files holds."""
        content: dict[str, Any] = json.loads((self.path / name).read_text())
        return content

    def attribution(self) -> list[str]:
        """Whom the licences of the data inside ask to name: the entries of its `ATTRIBUTION.md`, if it has one."""
        path = self.path / ATTRIBUTION
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.removeprefix("- ") for line in lines if line.startswith("- ")]

    @property
    def digest(self) -> str:
        """The identity of the content."""
        return self.manifest.digest


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any], sort_keys: bool = False) -> None:
    """Writes a JSON file of an artifact.

    Raises:
        ValueError: If a number in it is not finite; it names the number's place.
    """
    path.write_text(to_json(content, indent=2, sort_keys=sort_keys) + "\n")
