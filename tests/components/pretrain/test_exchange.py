"""What stage and ranks hand each other through a real object store on loopback, without training."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain import launch
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.launch import work as ranks
from inkling.components.shared.launch.exchange import CONFIG, Exchange, Mirror, reach
from inkling.components.shared.launch.launch import SCRATCH_VARIABLE
from inkling.components.shared.runtime import machine
from inkling.components.shared.storage.objects import Storage, StorageError

RUN = "0123456789abcdef"
GROWN_SECONDS = "inkling.components.shared.launch.exchange.GROWN_SECONDS"
TWO = {"preset": "tiny", "token_budget": 768, "context": 32, "strategy": "ddp", "processes": 2}


def _checkpoint(work: Path, step: int, kind: str = "checkpoints") -> Path:
    path = work / RUN / kind / f"step-{step:08d}"
    path.mkdir(parents=True)
    (path / "tensors").write_text(f"{kind} of step {step}")
    return path


def test_a_new_node_goes_on_from_the_newest_checkpoint(storage: Storage, tmp_path: Path) -> None:
    machine.record(tmp_path / "first")
    with Mirror(tmp_path / "first", storage) as mirror:
        mirror.copy(machine.RECORD)
        mirror.saved(_checkpoint(tmp_path / "first", 2, "saved"))
        for step in (2, 4, 6):
            mirror.saved(_checkpoint(tmp_path / "first", step))
    kept, newest = f"{RUN}/saved/step-00000002", f"{RUN}/checkpoints/step-00000006"
    assert storage.directories() == [f"{RUN}/checkpoints/step-00000004", newest, kept]
    _checkpoint(tmp_path / "second", 8)
    with Mirror(tmp_path / "second", storage) as mirror:
        mirror.fetch(tmp_path / "second" / RUN)
    assert [path.name for path in (tmp_path / "second" / RUN / "checkpoints").iterdir()] == ["step-00000006"]
    assert (tmp_path / "second" / newest / "tensors").read_text() == "checkpoints of step 6"
    exchange = Exchange({}, storage)
    assert exchange.finished(6) and not exchange.finished(7)
    (tmp_path / "third").mkdir()
    exchange.collect(tmp_path / "third")
    assert machine.recorded(tmp_path / "third") == machine.Machine.here()
    assert {path.relative_to(tmp_path / "third").as_posix() for path in (tmp_path / "third").glob("*/*/*")} == {
        kept, newest
    }  # fmt: skip


def test_a_first_node_starts_from_nothing(storage: Storage, tmp_path: Path) -> None:
    with Mirror(tmp_path, storage) as mirror:
        mirror.fetch(tmp_path / RUN)
    assert not (tmp_path / RUN).exists()


def test_a_new_node_goes_on_from_the_logs_of_a_killed_one(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GROWN_SECONDS, 0.05)
    name = f"{RUN}/.part.scratch"
    lines: list[str] = []
    for node in ("first", "second", "third"):
        log = tmp_path / node / name / "scenes.jsonl"
        with Mirror(tmp_path / node, storage) as mirror, mirror.logs(log.parent):
            assert (log.read_text().splitlines() if lines else log.parent.exists()) == (lines or False)
            lines.append(f"what the {node} was answered")
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a") as file:
                file.write(f"{lines[-1]}\n")
            _wait_until(lambda: f"{name}/scenes.jsonl" in storage.objects() and _read(storage, name) == lines)
    monkeypatch.setattr(GROWN_SECONDS, 600)
    with Mirror(tmp_path / "third", storage) as mirror, mirror.logs(log.parent), log.open("a") as file:
        file.write("stored when the rank ends by itself\n")
    assert _read(storage, name) == [*lines, "stored when the rank ends by itself"]
    with Mirror(tmp_path / "third", storage) as mirror, mirror.logs(log.parent):
        shutil.rmtree(log.parent)
    assert len(_read(storage, name)) == 4, "what a finished part had logged may stay"


def _read(storage: Storage, name: str) -> list[str]:
    return storage.at(f"{name}/scenes.jsonl").read().decode().splitlines()


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_logs_wait_for_a_store_that_is_away(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(GROWN_SECONDS, 0.02)
    log, write, refusals = tmp_path / "logs" / "scenes.jsonl", Storage.write, iter(["away", "away"])

    def sometimes(place: Storage, content: bytes) -> None:
        if words := next(refusals, ""):
            raise StorageError(words)
        write(place, content)

    monkeypatch.setattr(Storage, "write", sometimes)
    with Mirror(tmp_path, storage) as mirror, mirror.logs(log.parent):
        log.parent.mkdir()
        log.write_text("a reply\n")
        _wait_until(lambda: storage.objects() == ["logs/scenes.jsonl"])
    assert capsys.readouterr().out.count("not stored, and tried again in a minute: away") == 2


def test_an_upload_that_failed_is_reported_with_the_next_or_at_the_end(storage: Storage, tmp_path: Path) -> None:
    nowhere, words = Storage("s3://no-such-bucket/x", storage.endpoint), "no bucket 'no-such-bucket'"
    mirror = Mirror(tmp_path, nowhere)
    mirror.saved(_checkpoint(tmp_path, 2))
    with pytest.raises(StorageError, match=words):
        mirror.saved(_checkpoint(tmp_path, 4))
    with pytest.raises(StorageError, match=words), Mirror(tmp_path, nowhere) as mirror:
        mirror.saved(_checkpoint(tmp_path, 6))


def test_what_ended_the_training_is_not_hidden_by_an_upload(storage: Storage, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, Storage("s3://no-such-bucket/x", storage.endpoint))
    mirror.saved(_checkpoint(tmp_path, 2))
    with pytest.raises(ArithmeticError), mirror:
        raise ArithmeticError


def test_what_is_stored_is_not_stored_again(
    tokens: Tokens, storage: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = PretrainConfig(**TWO)
    exchange = Exchange.of(storage, config, {"tokens": tokens})
    exchange.offer(config, {"tokens": tokens})
    monkeypatch.setattr(Storage, "put", lambda *arguments: pytest.fail("stored again"))
    exchange.offer(config, {"tokens": tokens})
    assert "the tokens are in object storage" in capsys.readouterr().out
    other = Exchange.of(storage, PretrainConfig(**TWO, seed=1), {"tokens": tokens})
    assert other.inputs == exchange.inputs and other.work != exchange.work


def test_storage_that_cannot_be_used_is_reported_before_a_rank_starts(
    tokens: Tokens, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "run_ranks", lambda *_: pytest.fail("ranks were started"))
    for uri, endpoint, words in (
        (storage.uri, "http://127.0.0.1:1", "cannot be reached"),
        ("s3://no-such-bucket/x", storage.endpoint, "has no bucket"),
    ):
        config = PretrainConfig(**TWO, launch={"storage": {"uri": uri, "endpoint": endpoint}})
        with pytest.raises(StorageError, match=words):
            launch.pretrain_on_ranks(config, tokens, tmp_path)


def test_a_rank_reads_what_the_stage_has_stored(
    tokens: Tokens, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = PretrainConfig(**TWO)
    exchange = Exchange.of(storage, config, {"tokens": tokens})
    exchange.offer(config, {"tokens": tokens})
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(storage.endpoint))
    monkeypatch.setenv(SCRATCH_VARIABLE, str(tmp_path / "scratch"))
    for _ in range(2):
        with reach(exchange.inputs["tokens"].uri, exchange.work.uri) as found:
            assert PretrainConfig.model_validate_json(found.settings) == config
            assert Tokens.open(found.inputs[0]).digest == tokens.digest
            assert found.inputs[0].is_relative_to(tmp_path / "scratch") and found.work.is_relative_to(
                tmp_path / "scratch"
            )
            assert found.mirror is not None
        monkeypatch.setattr(Storage, "get", lambda *arguments: pytest.fail("fetched again"))


def test_a_rank_takes_shared_directories_as_they_are(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("settings")
    with reach("/tokens", str(tmp_path)) as found:
        assert (found.settings, found.inputs, found.work, found.mirror) == (
            "settings",
            (Path("/tokens"),),
            tmp_path,
            None,
        )
