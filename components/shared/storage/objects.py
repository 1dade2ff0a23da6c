"""Object storage: directories that arrive whole or not at all, in any store that speaks S3.

A directory is the objects below its name and a list of them, with sizes and SHA-256, that is written last and read
first: what was cut off is never taken for complete. A large file is cut into several objects, which travel at the same
time and stay below the 100 GB that pyarrow can upload as one. The requests and their retries are pyarrow's. The key is
found where the AWS SDK looks for it, such as `AWS_ACCESS_KEY_ID` or a pod's service account, never in a file of ours.
"""

import hashlib
import json
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

from pyarrow import fs

from inkling.components.shared.runtime.progress import Progress
from inkling.models.strict_json import to_json

SCHEME = "s3://"
ENDPOINT_VARIABLE, REGION_VARIABLE = "AWS_ENDPOINT_URL", "AWS_REGION"
_KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_LIST = ".objects.json"
_OBJECT_BYTES = 1 << 28
_BLOCK, _STREAMS = 8 << 20, 8
_ATTEMPTS, _ATTEMPTS_TO_CHECK = 10, 2
"""Tries of a request, with growing pauses: about a minute of an outage is ridden out; a check says so at once."""
_CONNECT_SECONDS = 5.0
_SDK_ERROR = "AWS Error "


class StorageError(RuntimeError):
    """Object storage that cannot be used, or that does not give back what was written; the message says what to do."""


@dataclass(frozen=True)
class _Object:
    """A file of a directory, or a part of a large one."""

    file: str
    start: int
    size: int
    sha256: str = ""

    @property
    def name(self) -> str:
        """What it is called below the directory's name."""
        return f"{self.file}@{self.start}" if self.start else self.file


@dataclass(frozen=True)
class Storage:
    """A place in a store that speaks S3: the name of a directory, or of what lies below one.

    Attributes:
        uri: `s3://bucket/prefix`.
        endpoint: URL of the store; None for AWS's own.
        region: Its region; what most other stores take for theirs if None.
    """

    uri: str
    endpoint: str | None = None
    region: str | None = None

    @classmethod
    def from_environment(cls, uri: str) -> Self:
        """A place in the store that `AWS_ENDPOINT_URL` and `AWS_REGION` name."""
        return cls(uri, os.environ.get(ENDPOINT_VARIABLE) or None, os.environ.get(REGION_VARIABLE) or None)

    def environment(self) -> dict[str, str]:
        """The environment variables by which another process finds the same store."""
        stated = {ENDPOINT_VARIABLE: self.endpoint, REGION_VARIABLE: self.region}
        return {name: value for name, value in stated.items() if value is not None}

    def at(self, name: str) -> Self:
        """A place below this one."""
        return replace(self, uri=f"{self.uri}/{name}")

    def check(self) -> None:
        """Writes an object here, reads it back and removes it; says within seconds what stands against it.

        Raises:
            StorageError: If the store cannot be reached, knows no such bucket or key, or forbids it.
        """
        store, name = (
            _connect(self.endpoint, self.region, _ATTEMPTS_TO_CHECK),
            f"{self._path}/.check-{uuid.uuid4().hex}",
        )
        content = name.encode()
        with self._refusals():
            _write(store, name, content)
            same = _read(store, name) == content
            store.delete_file(name)
        if not same:
            raise StorageError(f"{self.uri} does not give back what was written to it")

    def write(self, content: bytes) -> None:
        """Stores one object under this very name; it appears whole."""
        with self._refusals():
            _write(self._store, self._path, content)

    def read(self) -> bytes:
        """The object of this very name.

        Raises:
            StorageError: If there is none.
        """
        with self._refusals():
            return _read(self._store, self._path)

    def complete(self) -> bool:
        """Whether a whole directory lies under this name."""
        with self._refusals():
            return bool(self._store.get_file_info(self._path + _LIST).is_file)

    def objects(self) -> list[str]:
        """Names, relative to this place, of the objects below it."""
        with self._refusals():
            found = self._store.get_file_info(fs.FileSelector(self._path, allow_not_found=True, recursive=True))
        return sorted(entry.path.removeprefix(f"{self._path}/") for entry in found if entry.is_file)

    def directories(self) -> list[str]:
        """Names, relative to this place, of the whole directories below it."""
        return sorted(name.removesuffix(_LIST) for name in self.objects() if name.endswith(_LIST))

    def put(self, directory: Path) -> None:
        """Stores the files of a directory; neither empty directories nor modes.

        Raises:
            StorageError: If the store refuses it or is away for longer than the retries last.
        """
        objects = [entry for file in sorted(directory.rglob("*")) if file.is_file() for entry in _cut(directory, file)]
        self._forget()

        def upload(entry: _Object, advance: Callable[[int], None]) -> _Object:
            digest = hashlib.sha256()
            with (directory / entry.file).open("rb") as file, self._refusals():
                file.seek(entry.start)
                left = entry.size
                with self._store.open_output_stream(f"{self._path}/{entry.name}") as stream:
                    while left and (block := file.read(min(_BLOCK, left))):
                        digest.update(block)
                        stream.write(block)
                        left -= len(block)
                        advance(len(block))
            if left:
                raise StorageError(f"{directory / entry.file} became shorter while it was stored")
            return replace(entry, sha256=digest.hexdigest())

        stored = self._carry("storing", objects, upload)
        self._list.write(to_json([asdict(entry) for entry in stored]).encode())

    def get(self, directory: Path) -> None:
        """Fetches the directory of this name, verifies every byte, and lets it appear whole instead of what was there.

        Raises:
            StorageError: If nothing whole lies there, or an object is not what was stored.
        """
        if not self.complete():
            raise StorageError(f"there is no whole directory at {self.uri}")
        objects = [_Object(**entry) for entry in json.loads(self._list.read())]
        partial = directory.with_name(f".{directory.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for entry in objects:
            path = partial / entry.file
            if not path.resolve().is_relative_to(partial.resolve()):
                raise StorageError(f"{self.uri} lists '{entry.file}', which is no file below it")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

        def download(entry: _Object, advance: Callable[[int], None]) -> _Object:
            digest = hashlib.sha256()
            with (partial / entry.file).open("r+b") as file, self._refusals():
                file.seek(entry.start)
                with self._store.open_input_stream(f"{self._path}/{entry.name}") as stream:
                    while block := stream.read(_BLOCK):
                        digest.update(block)
                        file.write(block)
                        advance(len(block))
            if digest.hexdigest() != entry.sha256:
                raise StorageError(f"{self.uri}/{entry.name} is not what was stored: its SHA-256 differs")
            return entry

        self._carry("fetching", objects, download)
        shutil.rmtree(directory, ignore_errors=True)
        partial.rename(directory)

    def remove(self) -> None:
        """Removes the directory of this name, its list first."""
        self._forget()
        with self._refusals():
            self._store.delete_dir(self._path)

    @property
    def _list(self) -> Self:
        """The object that lists the others, and by being there says that all are."""
        return replace(self, uri=self.uri + _LIST)

    @property
    def _path(self) -> str:
        return self.uri.removeprefix(SCHEME)

    @cached_property
    def _store(self) -> fs.S3FileSystem:
        return _connect(self.endpoint, self.region, _ATTEMPTS)

    def _forget(self) -> None:
        if self.complete():
            with self._refusals():
                self._store.delete_file(self._path + _LIST)

    def _carry(
        self, verb: str, objects: list[_Object], carry: Callable[[_Object, Callable[[int], None]], _Object]
    ) -> list[_Object]:
        """Moves objects, several at a time, and says how far it is."""
        lock = threading.Lock()
        label = f"{verb} {self.uri.rpartition('/')[2]}"
        with Progress(label, sum(entry.size for entry in objects) / 1e6, "MB") as progress:

            def advance(size: int) -> None:
                with lock:
                    progress.advance(size / 1e6)

            with ThreadPoolExecutor(_STREAMS) as pool:
                return list(pool.map(lambda entry: carry(entry, advance), objects))

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Says in words what the store has answered; other errors, such as a full disk, stay what they are."""
        try:
            yield
        except FileNotFoundError as error:
            if error.filename is not None:
                raise
            raise StorageError(f"there is no {self.uri}, or a part of it is gone") from error
        except OSError as error:
            if _SDK_ERROR not in str(error):
                raise
            raise StorageError(self._words(str(error))) from error

    def _words(self, answer: str) -> str:
        store, bucket = self.endpoint or "AWS", self._path.partition("/")[0]
        kind, _, rest = answer.partition(_SDK_ERROR)[2].partition(" during ")
        reason = rest.partition("operation: ")[2]
        key, secret = _KEY_VARIABLES
        denied = f"{store} forbids it to the key in {key}: it must read, write, list and delete below {self.uri}"
        known = {
            "NETWORK_CONNECTION": f"the object storage {store} cannot be reached: {reason}",
            "NO_SUCH_BUCKET": f"{store} has no bucket '{bucket}': create it, or mend the URI {self.uri}",
            "INVALID_ACCESS_KEY_ID": f"{store} does not know the key in {key}: mend the secret",
            "SIGNATURE_DOES_NOT_MATCH": f"{store} answers that {secret} is not that of {key}: mend the secret",
            "ACCESS_DENIED": denied if key in os.environ else f"{store} wants {key} and {secret}, from a secret",
        }
        return known.get(kind, f"{store}, {self.uri}: {answer}")


def _connect(endpoint: str | None, region: str | None, attempts: int) -> fs.S3FileSystem:
    scheme, _, host = (endpoint or "https://").partition("://")
    return fs.S3FileSystem(
        endpoint_override=host or None,
        scheme=scheme,
        region=region or ("us-east-1" if endpoint else None),
        connect_timeout=_CONNECT_SECONDS,
        background_writes=False,  # parts that wait to be sent would fill the memory
        allow_delayed_open=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=attempts),
    )


def _write(store: fs.S3FileSystem, path: str, content: bytes) -> None:
    with store.open_output_stream(path) as stream:
        stream.write(content)


def _read(store: fs.S3FileSystem, path: str) -> bytes:
    with store.open_input_stream(path) as stream:
        return bytes(stream.read())


def _cut(directory: Path, file: Path) -> list[_Object]:
    name, size = file.relative_to(directory).as_posix(), file.stat().st_size
    return [
        _Object(name, start, min(_OBJECT_BYTES, size - start)) for start in range(0, max(size, 1), _OBJECT_BYTES)
    ]  # fmt: skip
