import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain import launch
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.launch import work as ranks
from inkling.components.shared.launch.failure import RankError
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.launch import SCRATCH_VARIABLE, LaunchConfig
from inkling.components.shared.storage.objects import Storage

SETTINGS = {"preset": "tiny", "token_budget": 768, "batch": 4, "context": 32, "threads": 1, "learning_rate": 1e-2}
TWO = {"strategy": "ddp", "processes": 2}


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_ranks_make_the_model_of_one(
    strategy: str, tokens: Tokens, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    two = build_pretrain(
        PretrainConfig(**SETTINGS, **TWO | {"strategy": strategy}), tokens.path, tmp_path / "two/language_model"
    )
    said = capfd.readouterr().out
    assert "pretrain: 1 x 2 ranks through TorchX, scheduler local_cwd" in said
    one = build_pretrain(PretrainConfig(**SETTINGS), tokens.path, tmp_path / "one/language_model")
    losses = [[row["loss"] for row in model.training()] for model in (one, two)]
    assert len(losses[0]) == 6 and losses[1] == pytest.approx(losses[0], abs=1e-5)
    assert {path.name for path in two.path.parent.iterdir()} == {"language_model", ".language_model.lock"}


@pytest.mark.soak
@pytest.mark.slow
def test_a_rank_that_fails_fails_the_stage_with_its_words(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", here)
    monkeypatch.setattr(launch, "MODULE", "failing_rank")
    with pytest.raises(RankError, match="of 2 ranks, rank 1 failed") as caught:
        build_pretrain(PretrainConfig(**SETTINGS, **TWO), tokens.path, tmp_path / "language_model")
    assert str(caught.value).rstrip().endswith("ArithmeticError: this rank cannot count to three")
    assert not (tmp_path / "language_model").exists()


def _two_nodes(folder: Path) -> Callable[[Job, LaunchConfig], None]:
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
@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_nodes_that_share_no_disk_make_the_same_model_and_go_on_after_a_kill(
    strategy: str, tokens: Tokens, tmp_path: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = {**SETTINGS, **TWO, "strategy": strategy, "checkpoint_every": 2, "exports": (256,)}
    shared = build_pretrain(PretrainConfig(**settings), tokens.path, tmp_path / "shared/language_model")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(launch, "MODULE", "dying_rank")
    place = {"storage": {"uri": storage.uri, "endpoint": storage.endpoint}}
    config = PretrainConfig(**settings, launch=LaunchConfig(**place))
    monkeypatch.setenv("DYING_STEP", "6")
    monkeypatch.setattr(ranks, "run_ranks", _two_nodes(tmp_path / "first"))
    with pytest.raises(RankError):
        build_pretrain(config, tokens.path, tmp_path / "lost/language_model")
    monkeypatch.delenv("DYING_STEP")
    monkeypatch.setattr(ranks, "run_ranks", _two_nodes(tmp_path / "second"))
    stored = build_pretrain(config, tokens.path, tmp_path / "stored/language_model")
    assert stored.digest == shared.digest
    log = next((tmp_path / "second/node-0").glob("pretrain-*/*/steps.jsonl")).read_text().splitlines()
    assert json.loads(log[0])["step"] in (3, 5) and json.loads(log[-1])["step"] == 6
    assert not list((tmp_path / "second/node-1").glob("pretrain-*/*/steps.jsonl"))
    monkeypatch.setattr(ranks, "run_ranks", lambda *_: pytest.fail("the ranks had ended"))
    again = build_pretrain(config, tokens.path, tmp_path / "again/language_model")
    assert again.digest == shared.digest and "the ranks have ended before" in capsys.readouterr().out
