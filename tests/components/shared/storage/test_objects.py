"""Directories through a real object store on loopback: SeaweedFS, which Kubeflow Pipelines ships."""

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts.tokens import Tokens
from inkling.components.shared.storage import objects
from inkling.components.shared.storage.objects import Storage, StorageError
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance

_UPLOAD = """
import os, signal, sys
from pathlib import Path
from inkling.components.shared.storage import objects

objects._OBJECT_BYTES = 100_000
storage = objects.Storage(sys.argv[1], sys.argv[2])
stored = []
take = objects._Object.name.fget

def name(piece):
    stored.append(piece)
    if len(stored) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return take(piece)

objects._Object.name = property(name)
storage.put(Path(sys.argv[3]))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files of several sizes."""
    folder = tmp_path / "tree"
    (folder / "inner" / "deep").mkdir(parents=True)
    (folder / "large.bin").write_bytes(_random(300_007))
    (folder / "inner" / "small file.txt").write_text("words")
    (folder / "inner" / "deep" / "empty").touch()
    return folder


def _random(size: int) -> bytes:
    return np.random.default_rng(0).bytes(size)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("size", "object_bytes"), [((12 << 20) + 7, 1 << 28), (300_007, 100_000)])
def test_a_directory_comes_back_as_it_was(
    size: int, object_bytes: int, storage: Storage, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first file is sent in several parts of one upload, the second as several objects."""
    (tree / "large.bin").write_bytes(_random(size))
    monkeypatch.setattr(objects, "_OBJECT_BYTES", object_bytes)
    assert not storage.complete()
    storage.put(tree)
    assert storage.complete()
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "from before").touch()
    storage.get(tmp_path / "back")
    assert _files(tmp_path / "back") == _files(tree)


def test_names_of_whole_directories(storage: Storage, tree: Path) -> None:
    (tree / "large.bin").unlink()
    assert storage.directories() == []
    for name in ("run/step-2", "run/step-1", "kept/step-1"):
        storage.at(name).put(tree)
    assert storage.directories() == ["kept/step-1", "run/step-1", "run/step-2"]
    storage.at("run/step-1").remove()
    assert storage.directories() == ["kept/step-1", "run/step-2"]


def test_a_killed_upload_is_never_taken_for_complete(
    storage: Storage, object_store: str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(tree)
    program = [sys.executable, "-c", _UPLOAD, storage.uri, object_store, str(tree)]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    assert not storage.complete() and storage.directories() == []
    with pytest.raises(StorageError, match="no whole directory"):
        storage.get(tmp_path / "back")
    assert not (tmp_path / "back").exists()
    storage.put(tree)
    storage.get(tmp_path / "back")
    assert _files(tmp_path / "back") == _files(tree)


def test_a_changed_byte_is_found_and_nothing_appears(storage: Storage, tree: Path, tmp_path: Path) -> None:
    storage.put(tree)
    storage.at("inner/small file.txt").write(b"swords")
    with pytest.raises(StorageError, match=r"inner/small file\.txt is not what was stored"):
        storage.get(tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_missing_object_is_reported(storage: Storage, tree: Path, tmp_path: Path) -> None:
    storage.put(tree)
    storage._store.delete_file(f"{storage._path}/large.bin")
    with pytest.raises(StorageError, match="a part of it is gone"):
        storage.get(tmp_path / "back")


def test_a_list_cannot_name_a_file_outside(storage: Storage, tree: Path, tmp_path: Path) -> None:
    storage.put(tree)
    storage._list.write(json.dumps([{"file": "../outside", "start": 0, "size": 5, "sha256": ""}]).encode())
    with pytest.raises(StorageError, match="no file below it"):
        storage.get(tmp_path / "back")
    assert not (tmp_path / "outside").exists()


def test_a_store_in_order_passes_the_check_and_keeps_nothing_of_it(storage: Storage) -> None:
    storage.check()
    found = storage._store.get_file_info(objects.fs.FileSelector(storage._path, allow_not_found=True))
    assert [entry.path for entry in found if entry.is_file] == []


@pytest.mark.parametrize(
    ("environment", "uri", "words"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "s3://runs/x", "AWS_SECRET_ACCESS_KEY is not that of AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "s3://runs/x", "does not know the key in AWS_ACCESS_KEY_ID"),
        (
            {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "another"},
            "s3://runs/x", "forbids it to the key in AWS_ACCESS_KEY_ID: it must read, write, list",
        ),
        (
            {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
            "s3://runs/x", "wants AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from a secret",
        ),
        ({}, "s3://no-such-bucket/x", "has no bucket 'no-such-bucket': create it"),
    ],
)  # fmt: skip
def test_what_stands_against_it_is_reported_in_words(
    environment: dict[str, str | None], uri: str, words: str, storage: Storage, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match=words):
        Storage(uri, storage.endpoint).check()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
def test_a_store_that_cannot_be_reached_is_reported(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(StorageError, match=f"the object storage {endpoint} cannot be reached"):
        Storage("s3://runs/x", endpoint).check()


def test_an_error_of_this_machine_stays_what_it_is() -> None:
    with pytest.raises(OSError, match="No space left"), Storage("s3://runs/x")._refusals():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_artifact_survives_the_way_of_a_pipelines_launcher(storage: Storage, tmp_path: Path) -> None:
    """KFP's launcher puts each file under its path and fetches what starts with a prefix: no modes."""
    artifact = tmp_path / "tokens"
    (artifact / "train").mkdir(parents=True)
    (artifact / "train" / "code.bin").write_bytes(bytes(range(256)))
    (artifact / "blend.json").write_text("{}")
    (artifact / "empty").touch()
    Manifest.describe(artifact, Tokens.type, Tokens.schema, Provenance("mixture", "", "", {}, {}, {})).write(artifact)
    for path in artifact.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
            storage.at(f"v2/{path.relative_to(artifact).as_posix()}").write(path.read_bytes())
    back, prefix = tmp_path / "back", f"{storage._path}/v2"
    for entry in storage._store.get_file_info(objects.fs.FileSelector(prefix, recursive=True)):
        if entry.is_file:
            name = entry.path.removeprefix(f"{prefix}/")
            (back / name).parent.mkdir(parents=True, exist_ok=True)
            (back / name).write_bytes(storage.at(f"v2/{name}").read())
    assert Tokens.open(back).digest == Manifest.read(artifact).digest
    (back / "train" / "code.bin").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"code\.bin"):
        Tokens.open(back)
