"""Finding files inside a wheel."""

from fnmatch import fnmatchcase

from inkling.components.shared.storage.archives import Archive


class ReadError(RuntimeError):
    """A package whose content is not what its reader expects; the message names what is missing."""


def matching(archive: Archive, pattern: str) -> list[str]:
    """Names of the archive's files that match a shell pattern (`*` also matches `/`).

    Raises:
        ReadError: If there is none.
    """
    names = [name for name in archive.namelist() if fnmatchcase(name, pattern)]
    if not names:
        raise ReadError(f"{archive.filename} holds no file that matches '{pattern}'")
    return names


def single(archive: Archive, pattern: str) -> str:
    """Name of the one file of the archive that matches a shell pattern.

    Raises:
        ReadError: If there is none, or more than one.
    """
    names = matching(archive, pattern)
    if len(names) > 1:
        raise ReadError(f"{archive.filename} holds {len(names)} files that match '{pattern}', expected one")
    return names[0]


def text_of(archive: Archive, name: str) -> str:
    """The UTF-8 text of a file."""
    return archive.read(name).decode()
