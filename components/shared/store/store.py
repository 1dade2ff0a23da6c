"""Making an artifact: reuse it where it was made before, else write it beside its place and rename it whole.

With `INKLING_STORE` set, artifacts live in that directory by the key of what determines them, and a stage's output
path receives hard links (copies, across file systems). Without it, as in a pod, an artifact is made at its output path.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from inkling.components.shared.config import StageConfig
from inkling.components.shared.runtime import machine
from inkling.components.shared.runtime.watchdog import end_with_parent
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.components.shared.store.provenance import provenance

STORE_VARIABLE = "INKLING_STORE"
A = TypeVar("A", bound=Artifact)


@dataclass(frozen=True)
class Draft:
    """Where a stage writes while an artifact is being made.

    Attributes:
        path: Empty directory for the artifact's files; becomes the artifact when the stage returns.
        scratch: Scratch directory that outlives a kill, for checkpoints and partial results; removed on success.
    """

    path: Path
    scratch: Path


def produce(
    kind: type[A],
    output: str | Path,
    config: StageConfig,
    inputs: Mapping[str, Artifact],
    make: Callable[[Draft], None],
    name: str | None = None,
) -> A:
    """Makes an artifact, or reuses the one that the same code made of the same config and inputs.

    Args:
        kind: The artifact's type.
        output: Where the artifact shall lie.
        config: The stage's configuration.
        inputs: The artifacts that the stage reads, by name.
        make: Writes the artifact's files into the draft. It may find earlier work of a killed run in `draft.scratch`.
        name: Which output of the stage it is; by default the last part of `output`.

    Raises:
        ArtifactError: If a stored artifact is not what was written; it is left as it is.
    """
    output = Path(output)
    origin = provenance(config, inputs)
    place = stored_path(origin, name or output.name) or output
    if not (place / "manifest.json").exists():
        _make(kind, place, origin, make)
    artifact = kind.open(place)
    if place != output:
        link(place, output)
    return kind(output, artifact.manifest)


def stored_path(origin: Provenance, output: str) -> Path | None:
    """Where the store holds an output of a stage; None without a store."""
    store = os.environ.get(STORE_VARIABLE)
    return Path(store).resolve() / f"{origin.stage}-{origin.key[:16]}" / output if store else None


def _make(kind: type[A], place: Path, origin: Provenance, make: Callable[[Draft], None]) -> None:
    end_with_parent()
    draft = Draft(_beside(place, "partial"), _beside(place, "scratch"))
    with _only_one(_beside(place, "lock")):
        if (place / "manifest.json").exists():
            return
        shutil.rmtree(draft.path, ignore_errors=True)
        draft.path.mkdir(parents=True)
        draft.scratch.mkdir(exist_ok=True)
        make(draft)
        build_environment = machine.recorded(draft.scratch)
        Manifest.describe(draft.path, kind.type, kind.schema, origin, build_environment).write(draft.path)
        _settle(draft.path)
        shutil.rmtree(place, ignore_errors=True)
        draft.path.rename(place)
        shutil.rmtree(draft.scratch)


def _beside(place: Path, suffix: str) -> Path:
    return place.with_name(f".{place.name}.{suffix}")


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Holds a lock that dies with the process, so that two runs never make the same artifact at once."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting: another process is making {lock.parent.name}", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _settle(directory: Path) -> None:
    """Makes all files durable and read-only before the directory gets its name."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(0o444)


def link(source: Path, target: Path) -> None:
    """Gives a file or a directory a second place, sharing its bytes where the file system can; whole or not at all."""
    partial = _beside(target, "partial")
    _remove(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        _copy(source, partial, os.link)
    except OSError:
        _remove(partial)
        _copy(source, partial, shutil.copy2)
    _remove(target)
    partial.rename(target)


def _copy(source: Path, target: Path, copy: Callable[[str, str], object]) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=copy)
    else:
        copy(str(source), str(target))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
