"""Packages as archives to read from: wheels, and the packages of Debian and npm, none of them ever installed or run."""

import io
import subprocess
import tarfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol, Self
from zipfile import ZipFile


class Archive(Protocol):
    """What is read of a package; a `ZipFile` is one."""

    filename: str | None

    def namelist(self) -> list[str]:
        """Paths of its files."""
        ...

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        ...

    def __enter__(self) -> Self:
        """The archive itself."""
        ...

    def __exit__(self, *exception: Any) -> None:
        """Closes it."""
        ...


class Tarball:
    """Those files of a tar archive that fit a pattern, held in memory; a context manager like a `ZipFile`."""

    def __init__(self, filename: str, tar: tarfile.TarFile, inner: str) -> None:
        """Reads the files.

        Args:
            filename: What the archive is called.
            tar: The archive.
            inner: Shell pattern of the files that are read (`*` also matches `/`).
        """
        self.filename: str | None = filename
        self._files: dict[str, bytes] = {}
        for member in tar:
            name = member.name.removeprefix("./")
            if member.isreg() and fnmatchcase(name, inner) and (file := tar.extractfile(member)):
                self._files[name] = file.read()

    def __enter__(self) -> Self:
        """The archive itself."""
        return self

    def __exit__(self, *exception: Any) -> None:
        """Nothing is open."""

    def namelist(self) -> list[str]:
        """Paths of its files."""
        return list(self._files)

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return self._files[name]


def open_wheel(path: Path, inner: str) -> ZipFile:
    """Opens a wheel."""
    return ZipFile(path)


def open_deb(path: Path, inner: str) -> Tarball:
    """Opens a Debian package, by means of `dpkg-deb`; nothing is installed.

    Raises:
        OSError: If there is no `dpkg-deb` or it cannot read the file.
    """
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(path)], capture_output=True, check=False)
    if unpacked.returncode:
        raise OSError(f"dpkg-deb cannot read {path}: {unpacked.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(unpacked.stdout)) as tar:
        return Tarball(path.name, tar, inner)


def open_npm(path: Path, inner: str) -> Tarball:
    """Opens a package of npm; none of its code is run."""
    with tarfile.open(path) as tar:
        return Tarball(path.name, tar, inner)
