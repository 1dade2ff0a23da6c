"""Ranks through object storage: what a stage and its ranks hand each other where they share no disk.

    tokens/<digest>                                an input artifact, by its name, stored once whoever reads it
    pretrain-<key>/config.json                     the settings; the key is that of the model that comes out
    pretrain-<key>/build_environment.json          the machine of rank 0
    pretrain-<key>/<run>/checkpoints/step-........ the newest checkpoints, as rank 0 writes them
    pretrain-<key>/<run>/saved/step-........       weights saved on the way
    evaluate-<key>/parts/part-0-of-2               what a rank of an evaluation was answered
    evaluate-<key>/parts/.part-0-of-2.scratch/...  its logs, as they were a minute ago at most

A run may lie deeper, as that of a phase of an adaptation does: adapt-<key>/<phase>/<run>/checkpoints.

Ranks that were killed, and a stage that was, go on from what lies there.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Self

from inkling.components.shared.config import StageConfig
from inkling.components.shared.launch.launch import SCRATCH_VARIABLE
from inkling.components.shared.runtime.machine import RECORD
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.storage.objects import SCHEME, Storage, StorageError
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.provenance import provenance
from inkling.models.training.cost import CHECKPOINTS_ON_DISK

CONFIG = "config.json"
_CHECKPOINTS, _SAVED, _STEP = "checkpoints", "saved", "step-"
_KEY_LENGTH = 16

GROWN_SECONDS = 60.0
"""How often logs that have grown are stored: the work that a killed rank loses at most."""


@dataclass(frozen=True)
class Exchange:
    """Where a run's inputs and its work lie in object storage.

    Attributes:
        inputs: The input artifacts, by name.
        work: The directory of settings and checkpoints.
    """

    inputs: Mapping[str, Storage]
    work: Storage

    @classmethod
    def of(cls, storage: Storage, config: StageConfig, inputs: Mapping[str, Artifact]) -> Self:
        """The places of a run, by the digests of what determines them."""
        key = provenance(config, inputs).key[:_KEY_LENGTH]
        places = {name: storage.at(f"{name}/{artifact.digest}") for name, artifact in inputs.items()}
        return cls(places, storage.at(f"{config.stage}-{key}"))

    def offer(self, config: StageConfig, inputs: Mapping[str, Artifact]) -> None:
        """Stores what the ranks read, unless it is there.

        Raises:
            StorageError: If the store cannot be used.
        """
        for name, place in self.inputs.items():
            if place.complete():
                note(f"the {name.replace('_', ' ')} are in object storage: {place.uri}")
            else:
                place.put(inputs[name].path)
        self.work.at(CONFIG).write(config.model_dump_json().encode())

    def finished(self, steps: int) -> bool:
        """Whether the checkpoint of the last step is there."""
        last = f"{_CHECKPOINTS}/{_STEP}{steps:08d}"
        return any(name.endswith(f"/{last}") for name in self.work.directories())

    def holds(self, names: Sequence[str]) -> bool:
        """Whether the directories of all these names are there."""
        return all(self.work.at(name).complete() for name in names)

    def bring(self, names: Sequence[str], work: Path) -> None:
        """Brings the machine of rank 0 and the directories of these names."""
        (work / RECORD).write_bytes(self.work.at(RECORD).read())
        for name in names:
            self.work.at(name).get(work / name)

    def collect(self, work: Path) -> None:
        """Brings what the ranks have left: their machine, a run's newest checkpoint, and the saved weights."""
        (work / RECORD).write_bytes(self.work.at(RECORD).read())
        for run in {name.rsplit("/", 2)[0] for name in self.work.directories()}:
            _fetch_newest(self.work.at(run), work / run)
            for name in self.work.at(f"{run}/{_SAVED}").directories():
                self.work.at(f"{run}/{_SAVED}/{name}").get(work / run / _SAVED / name)


class Mirror:
    """The work directory of a rank and its copy in object storage; leaving it waits for the last upload.

    Example:
        with Mirror(work, storage) as mirror:
            fit(..., work, mirror=mirror)
    """

    def __init__(self, work: Path, storage: Storage) -> None:
        """Takes the directory on this node, and where its copy lies."""
        self._work, self._storage = work, storage
        self._pool = ThreadPoolExecutor(1)
        self._upload: Future[None] | None = None

    def __enter__(self) -> Self:
        """Does nothing yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Waits for the upload that is under way, and raises what it raised unless something else was."""
        self._pool.shutdown()
        if kind is None and self._upload is not None:
            self._upload.result()

    def fetch(self, run: Path) -> None:
        """Leaves a run on this node its newest stored checkpoint, and no other."""
        _fetch_newest(self._place(run), run)

    def restore(self, path: Path) -> None:
        """Leaves on this node a directory of the work that was stored before; nothing where none was."""
        place = self._place(path)
        if place.complete():
            place.get(path)

    def saved(self, path: Path) -> None:
        """Stores a checkpoint, or what else is finished, meanwhile; the one before it is stored when this returns.

        Raises:
            StorageError: If the one before it could not be stored.
        """
        if self._upload is not None:
            self._upload.result()
        self._upload = self._pool.submit(self._store, path)

    def copy(self, name: str) -> None:
        """Stores one file of the directory.

        Raises:
            StorageError: If the store cannot be used.
        """
        self._storage.at(name).write((self._work / name).read_bytes())

    @contextmanager
    def logs(self, directory: Path) -> Iterator[None]:
        """Stores the logs in a directory as they grow, beginning with what a killed rank had stored of them.

        Lines are only added to a log, so any beginning of one may be stored: whoever reads it drops half a line. While
        the store is away work goes on.

        Args:
            directory: A directory of the work that holds logs alone; it may come later, and go when it is done.
        """
        place, over = self._place(directory), Event()
        sizes: dict[str, int] = {}
        for name in place.objects():
            content, path = place.at(name).read(), directory / name
            if not path.exists() or path.stat().st_size < len(content):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            sizes[name] = len(content)

        def store() -> None:
            ended = False
            while not ended:
                ended = over.wait(GROWN_SECONDS)
                try:
                    for path in directory.glob("*"):
                        if len(content := path.read_bytes()) > sizes.get(path.name, 0):
                            place.at(path.name).write(content)
                            sizes[path.name] = len(content)
                except FileNotFoundError:
                    return  # what the logs were for is finished, and they are gone
                except StorageError as error:
                    note(f"logs are not stored, and tried again in a minute: {error}")

        thread = Thread(target=store, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _store(self, path: Path) -> None:
        self._place(path).put(path)
        if path.parent.name == _CHECKPOINTS:
            # step-00000120 and the like sort by step, so these are all but the newest
            for name in self._place(path.parent).directories()[:-CHECKPOINTS_ON_DISK]:
                self._place(path.parent).at(name).remove()

    def _place(self, path: Path) -> Storage:
        return self._storage.at(path.relative_to(self._work).as_posix())


@dataclass(frozen=True)
class Reach:
    """What a rank works with on its node.

    Attributes:
        settings: The stage's configuration, as JSON.
        inputs: Where the input artifacts lie, in the order of their names on the command line.
        work: Directory for checkpoints.
        mirror: Its copy in object storage; None where all ranks see `work` itself.
    """

    settings: str
    inputs: tuple[Path, ...]
    work: Path
    mirror: Mirror | None


@contextmanager
def reach(*places: str) -> Iterator[Reach]:
    """Gives a rank what the stage has handed over: shared directories as they are, stored ones through the node's disk.

    Args:
        *places: The input artifacts, and last the directory of settings and checkpoints, each a path or a URI.

    Raises:
        StorageError: If the store cannot be used or does not give back what was written.
    """
    *inputs, work = places
    if not work.startswith(SCHEME):
        yield Reach((Path(work) / CONFIG).read_text(), tuple(map(Path, inputs)), Path(work), None)
        return
    remote, scratch = Storage.from_environment(work), Path(os.environ[SCRATCH_VARIABLE])
    here = tuple(scratch / Path(place).parent.name / Path(place).name for place in inputs)
    with _alone(scratch):
        for place, path in zip(inputs, here, strict=True):
            if not path.exists():
                Storage.from_environment(place).get(path)
    local = scratch / Path(work).name
    with Mirror(local, remote) as mirror:
        yield Reach(remote.at(CONFIG).read().decode(), here, local, mirror)


@contextmanager
def _alone(scratch: Path) -> Iterator[None]:
    """Lets the ranks of a node in one after another."""
    scratch.mkdir(parents=True, exist_ok=True)
    with (scratch / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch_newest(run: Storage, directory: Path) -> None:
    here, there = directory / _CHECKPOINTS, run.at(_CHECKPOINTS)
    shutil.rmtree(here, ignore_errors=True)
    for name in there.directories()[-1:]:  # names sort by step; none where nothing is stored yet
        there.at(name).get(here / name)
