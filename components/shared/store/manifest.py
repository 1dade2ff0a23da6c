"""The manifest of an artifact: what it is, what made it, from what, and the digest of each of its files."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from inkling.components.shared.runtime.machine import Machine
from inkling.models.strict_json import to_json

MANIFEST = "manifest.json"
_BLOCK = 1 << 20


class ArtifactError(RuntimeError):
    """An artifact that is absent, of another type, or not what its manifest says; the message names the file."""


@dataclass(frozen=True)
class Provenance:
    """Who made an artifact and from what.

    Attributes:
        stage: Name of the stage.
        key: Digest of everything that determines the result: code, packages, config, inputs.
        code: Digest of the stage's source files and of those that they import.
        packages: Version of each package that can change a bit of a result.
        config: The stage's settings, without those that say only how the work is done and those that name files.
        inputs: Content digest of each input artifact, by name.
        plugins: Modules of the plug-ins that the stage ran.
        carried: Those of them that whoever runs the artifact runs too.
        contents: What names in the settings stand for, and in place of files their digests.
    """

    stage: str
    key: str
    code: str
    packages: dict[str, str]
    config: dict[str, Any]
    inputs: dict[str, str]
    contents: dict[str, Any] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()

    @classmethod
    def parse(cls, stored: Mapping[str, Any]) -> Self:
        """Reads it back from JSON."""
        return cls(**{**stored, **{name: tuple(stored.get(name, ())) for name in ("plugins", "carried")}})

    @property
    def determinants(self) -> dict[str, Any]:
        """What of the configuration determines the result."""
        return {**self.config, **self.contents}


@dataclass(frozen=True)
class Manifest:
    """What an artifact is and how it was made, stored beside its files as `manifest.json`.

    Attributes:
        type: Name of the artifact type.
        schema: Version of the type's layout.
        files: SHA-256 of each file, by its path relative to the artifact.
        provenance: Who made it and from what.
        digest: SHA-256 over type, schema and files: the identity of the content, whoever made it and when.
        build_environment: The machine it was made on, no part of the identity; None where nothing records it.
    """

    type: str
    schema: int
    files: dict[str, str]
    provenance: Provenance
    digest: str = field(default="")
    build_environment: Machine | None = None

    def __post_init__(self) -> None:
        """Computes the content digest where none was given."""
        if not self.digest:
            content = digest_of({"type": self.type, "schema": self.schema, "files": self.files})
            object.__setattr__(self, "digest", content)

    @classmethod
    def describe(
        cls, directory: Path, type: str, schema: int, provenance: Provenance, build_environment: Machine | None = None
    ) -> Self:
        """Builds the manifest of the files that lie in a directory.

        A manifest that is itself a file of another artifact must not hold a build environment.
        """
        files = {name: sha256(directory / name) for name in list_files(directory)}
        return cls(type, schema, files, provenance, build_environment=build_environment)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Reads the manifest of an artifact without verifying its files.

        Raises:
            ArtifactError: If there is no manifest or it cannot be read.
        """
        path = directory / MANIFEST
        try:
            raw = json.loads(path.read_text())
            origin, environment = Provenance.parse(raw["provenance"]), raw.get("build_environment")
            built_on = Machine.parse(environment) if environment else None
            return cls(raw["type"], raw["schema"], raw["files"], origin, raw["digest"], built_on)
        except FileNotFoundError:
            raise ArtifactError(f"no artifact at {directory}: {MANIFEST} is missing") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}") from None

    def write(self, directory: Path) -> None:
        """Writes the manifest into the artifact's directory."""
        (directory / MANIFEST).write_text(to_json(dataclasses.asdict(self), indent=2, sort_keys=True) + "\n")

    def verify(self, directory: Path) -> None:
        """Checks that the directory holds exactly the files of the manifest, byte for byte.

        Raises:
            ArtifactError: Naming the first file that is missing, extra or changed.
        """
        present, listed = set(list_files(directory)), set(self.files)
        for name in sorted(listed - present):
            raise ArtifactError(f"{directory / name} is missing. {_remedy(directory)}")
        for name in sorted(present - listed):
            raise ArtifactError(f"{directory / name} does not belong to the artifact. {_remedy(directory)}")
        for name, expected in self.files.items():
            if sha256(directory / name) != expected:
                raise ArtifactError(
                    f"{directory / name} is not what was written: its SHA-256 differs. {_remedy(directory)}"
                )


def list_files(directory: Path) -> list[str]:
    """Paths of all files below a directory but its manifest, relative and sorted."""
    files = (path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    return sorted(name for name in files if name != MANIFEST)


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form, in hexadecimal."""
    return hashlib.sha256(to_json(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _remedy(directory: Path) -> str:
    return f"Nothing was overwritten; remove {directory} to have it made again."
