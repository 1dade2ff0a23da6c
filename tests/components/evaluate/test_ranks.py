"""Ranks that share an evaluation leave the bytes of one process, say which of them was killed, and go on after it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.answers import Answers
from inkling.components.evaluate import on_ranks
from inkling.components.evaluate.build import build_evaluate
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch import work
from inkling.components.shared.launch.failure import RankError
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.launch import SCRATCH_VARIABLE, LaunchConfig
from inkling.components.shared.storage.objects import Storage
from inkling.components.shared.store.store import STORE_VARIABLE

HERE = Path(__file__).parent
SETTINGS = {"seed": 1, "threads": 1, "batch_size": 5}
TWO = {**SETTINGS, "processes": 2}


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    place = tmp_path_factory.mktemp("whole") / "answers"
    return build_evaluate(EvaluateConfig(**SETTINGS), world.model, world.questions, world.features, place)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """Lets ranks note each batch that they ask; gives the ranks' notes since the last call."""
    notes = tmp_path / "asked"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("NOTED", str(notes))
    monkeypatch.setattr(on_ranks, "MODULE", "noting_rank")

    def read() -> list[str]:
        found = notes.read_text().split() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return found

    return read


@pytest.mark.slow
def test_two_ranks_leave_the_bytes_of_one_process_also_after_one_was_killed(
    world, whole: Answers, counted: Callable[[], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    places = (world.model, world.questions, world.features)
    monkeypatch.setenv("KILLED_BATCH", "4")
    with pytest.raises(RankError, match=r"of 2 ranks, rank 1 failed \(SIGKILL\)"):
        build_evaluate(EvaluateConfig(**TWO), *places, tmp_path / "answers")
    before = counted()
    assert before.count("1") == 3, "it died in its fourth batch"
    assert not (tmp_path / "answers").exists()
    monkeypatch.delenv("KILLED_BATCH")
    made = build_evaluate(EvaluateConfig(**TWO), *places, tmp_path / "answers")
    assert made.digest == whole.digest
    both = before + counted()
    assert both.count("1") == 7, "none of its seven batches is asked twice"
    assert 8 <= both.count("0") <= 9, "nor of the other's eight, but for one that was being asked when it was ended"


def _nodes(folder: Path) -> Callable[[Job, LaunchConfig], None]:
    """Stands in for the cluster: two nodes on loopback, each with torchrun, a rank and a disk of its own."""

    def run(job: Job, launch: LaunchConfig) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        nodes = []
        for node in range(2):
            environment = {**os.environ, **job.environment, SCRATCH_VARIABLE: str(folder / f"node-{node}")}
            command = [
                sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc_per_node=1",
                f"--node_rank={node}", "--master_addr=127.0.0.1", f"--master_port={port}", "-m", job.module,
            ]  # fmt: skip
            nodes.append(subprocess.Popen([*command, *job.arguments], env=environment))
        while any(node.poll() is None for node in nodes):
            if any(node.poll() for node in nodes):
                for node in nodes:
                    node.kill()
            time.sleep(0.1)
        if any(node.returncode for node in nodes):
            raise RankError("a node ended badly")

    return run


@pytest.mark.soak
@pytest.mark.slow
def test_nodes_that_share_no_disk_leave_the_same_bytes(
    world, whole: Answers, counted: Callable[[], list[str]], storage: Storage, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    place = LaunchConfig(storage={"uri": storage.uri, "endpoint": storage.endpoint})
    config = EvaluateConfig(**TWO, launch=place)
    places = (world.model, world.questions, world.features)
    monkeypatch.setattr(work, "run_ranks", _nodes(tmp_path / "first"))
    monkeypatch.setenv("KILLED_BATCH", "7")
    monkeypatch.setenv("PAUSE", "1")
    with pytest.raises(RankError):
        build_evaluate(config, *places, tmp_path / "lost" / "answers")
    monkeypatch.delenv("KILLED_BATCH")
    monkeypatch.delenv("PAUSE")
    assert counted().count("1") == 6
    monkeypatch.setattr(work, "run_ranks", _nodes(tmp_path / "second"))
    made = build_evaluate(config, *places, tmp_path / "stored" / "answers")
    assert made.digest == whole.digest
    assert 1 <= counted().count("1") <= 2, "a new node goes on from the logs that the killed one has stored"
    monkeypatch.setattr(work, "run_ranks", lambda *_: pytest.fail("the ranks had ended"))
    again = build_evaluate(config, *places, tmp_path / "again" / "answers")
    assert again.digest == whole.digest and "the ranks have ended before" in capsys.readouterr().out


def test_ranks_change_no_key_and_are_not_shared_out_twice() -> None:
    assert EvaluateConfig(**TWO).determinants() == EvaluateConfig(**SETTINGS).determinants()
    with pytest.raises(ConfigError, match="parts is 2, and ranks are launched"):
        EvaluateConfig.parse({"evaluate": {"parts": 2, "processes": 2}})
    with pytest.raises(ConfigError, match=r"2 nodes need launch\.scheduler kubernetes"):
        EvaluateConfig.parse({"evaluate": {"nodes": 2}})
