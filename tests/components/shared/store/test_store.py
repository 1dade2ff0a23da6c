"""Making and reusing artifacts: by content, atomically, once at a time, never over a damaged one."""

import multiprocessing
import os
import time
from pathlib import Path
from typing import ClassVar

import pytest

from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.store import STORE_VARIABLE, Draft, produce


class ThingConfig(StageConfig):
    stage: ClassVar[str] = "thing"

    value: int = 1


class Thing(Artifact):
    type: ClassVar[str] = "Thing"


class Other(Artifact):
    type: ClassVar[str] = "Other"


class Maker:
    """Counts how often an artifact is really made."""

    def __init__(self, content: str = "ink") -> None:
        self.calls = 0
        self.content = content

    def __call__(self, draft: Draft) -> None:
        self.calls += 1
        (draft.path / "content.txt").write_text(self.content)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    return tmp_path / "store"


def test_the_same_config_and_inputs_are_not_made_twice(store: Path, tmp_path: Path) -> None:
    make = Maker()
    first = produce(Thing, tmp_path / "run1" / "thing", ThingConfig(), {}, make)
    second = produce(Thing, tmp_path / "run2" / "thing", ThingConfig(), {}, make)
    assert make.calls == 1
    assert first.digest == second.digest
    assert (second.path / "content.txt").samefile(first.path / "content.txt")


def test_another_config_or_input_makes_another_artifact(store: Path, tmp_path: Path) -> None:
    make = Maker()
    source = produce(Thing, tmp_path / "a" / "thing", ThingConfig(), {}, make)
    produce(Thing, tmp_path / "b" / "thing", ThingConfig(value=2), {}, make)
    produce(Thing, tmp_path / "c" / "thing", ThingConfig(), {"source": source}, make)
    assert make.calls == 3


def test_a_changed_byte_in_the_store_is_refused_and_left_alone(store: Path, tmp_path: Path) -> None:
    make = Maker()
    artifact = produce(Thing, tmp_path / "a" / "thing", ThingConfig(), {}, make)
    stored = next(store.glob("thing-*/thing/content.txt"))
    stored.chmod(0o644)
    stored.write_text("inc")
    with pytest.raises(ArtifactError, match=r"content\.txt is not what was written"):
        produce(Thing, tmp_path / "b" / "thing", ThingConfig(), {}, make)
    with pytest.raises(ArtifactError, match=r"content\.txt"):
        Thing.open(artifact.path)
    assert stored.read_text() == "inc"
    assert make.calls == 1


def test_a_failure_leaves_no_artifact_and_keeps_the_work(store: Path, tmp_path: Path) -> None:
    def fail(draft: Draft) -> None:
        (draft.path / "half.txt").touch()
        (draft.scratch / "checkpoint").touch()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        produce(Thing, tmp_path / "a" / "thing", ThingConfig(), {}, fail)
    assert not list(store.glob("*/thing"))

    def resume(draft: Draft) -> None:
        assert (draft.scratch / "checkpoint").exists()
        assert not list(draft.path.iterdir())
        (draft.path / "whole.txt").touch()

    artifact = produce(Thing, tmp_path / "a" / "thing", ThingConfig(), {}, resume)
    assert list(artifact.manifest.files) == ["whole.txt"]
    assert not list(store.glob("*/.thing.scratch"))


def test_without_a_store_the_artifact_is_made_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    artifact = produce(Thing, tmp_path / "thing", ThingConfig(), {}, Maker())
    assert Thing.open(tmp_path / "thing").digest == artifact.digest


def test_artifacts_are_read_only(store: Path, tmp_path: Path) -> None:
    artifact = produce(Thing, tmp_path / "a" / "thing", ThingConfig(), {}, Maker())
    assert (artifact.path / "content.txt").stat().st_mode & 0o222 == 0


def test_the_wrong_type_is_refused(store: Path, tmp_path: Path) -> None:
    artifact = produce(Thing, tmp_path / "a" / "thing", ThingConfig(), {}, Maker())
    with pytest.raises(ArtifactError, match=r"holds a Thing \(schema 1\), expected a Other"):
        Other.open(artifact.path)


def _slow(draft: Draft) -> None:
    (draft.path / f"{os.getpid()}.txt").touch()
    time.sleep(0.5)


def _produce_slowly(output: str, key: str) -> None:
    os.environ[STORE_VARIABLE] = key
    produce(Thing, output, ThingConfig(), {}, _slow)


def test_two_runs_at_once_make_it_once(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=_produce_slowly, args=(str(tmp_path / f"{i}" / "thing"), store)) for i in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert len({tuple(Thing.open(tmp_path / f"{i}" / "thing").manifest.files) for i in range(3)}) == 1
