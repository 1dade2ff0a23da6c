import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from inkling.models.training.checkpoint import read_checkpoint, step_path, stored_steps

pytestmark = pytest.mark.slow
_PROGRAM = Path(__file__).with_name("sharing.py")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_sharing", _PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sharing = _load()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _ranks(work: Path, *arguments: object, size: int = 2) -> list[tuple[int, str, str]]:
    """Runs the program once per rank as torchrun would; returns exit status, output and errors of each."""
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "OMP_NUM_THREADS": "1"}
    started = []
    for rank in range(size):
        numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
        environment = {**os.environ, **shared, **{name: str(number) for name, number in numbers.items()}}
        program = [sys.executable, str(_PROGRAM), str(work), *map(str, arguments)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(program, env=environment, stdout=pipe, stderr=pipe, text=True))
    return [(process.returncode, *ended) for process in started for ended in [process.communicate(timeout=300)]]


def _losses(work: Path, *arguments: object, size: int = 2) -> list[float]:
    ended = _ranks(work, *arguments, size=size)
    assert [status for status, _, _ in ended] == [0] * size, ended[0][2] + ended[-1][2]
    rows = [json.loads(output.splitlines()[-1]) for _, output, _ in ended]
    assert all(row == rows[0] for row in rows)
    return [row["loss"] for row in rows[0]]


def _folder(work: Path) -> Path:
    (folder,) = work.glob("*/checkpoints")
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory):
    work = tmp_path_factory.mktemp("alone")
    network, fitted = sharing.share(work)
    return network, [row.loss for row in fitted.rows], work


@pytest.mark.parametrize(
    ("strategy", "size", "accumulate"),
    [("ddp", 2, 1), pytest.param("ddp", 2, 2, marks=pytest.mark.soak), ("fsdp2", 2, 1)],
)
def test_ranks_learn_what_one_learns(alone, tmp_path: Path, strategy: str, size: int, accumulate: int):
    losses = _losses(tmp_path, strategy, 50, accumulate, size=size)
    assert len(losses) == 50
    assert losses[-1] < losses[0] - 0.5
    assert max(abs(a - b) for a, b in zip(losses, alone[1], strict=True)) < 1e-5
    mine, theirs = (read_checkpoint(step_path(_folder(work), 50)) for work in (tmp_path, alone[2]))
    assert _shape(mine) == _shape(theirs)
    assert mine["state_dict"].keys() == theirs["state_dict"].keys()


def test_parts_of_a_step_add_up(alone, tmp_path: Path):
    _, fitted = sharing.share(tmp_path, accumulate=4)
    assert max(abs(row.loss - other) for row, other in zip(fitted.rows, alone[1], strict=True)) < 1e-5


def test_a_source_of_whole_batches_cannot_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Whole:
        def batch(self, step: int) -> dict[str, torch.Tensor]:
            return {"ids": torch.full((8, 16), 3)}

    monkeypatch.setattr(sharing, "Parts", Whole)
    with pytest.raises(ValueError, match="Whole gives whole batches only, not 2 parts of one"):
        sharing.share(tmp_path, accumulate=2)


@pytest.mark.soak
def test_one_strategy_goes_on_where_another_stopped(alone, tmp_path: Path):
    """From step 20, where all but the last receive SIGTERM: two sharded ranks, two copies, one device in parts."""
    assert [status for status, _, _ in _ranks(tmp_path, "fsdp2", 50, 1, "terminate", 1, 15)] == [143, 143]
    assert stored_steps(_folder(tmp_path)) == [15]
    assert [status for status, _, _ in _ranks(tmp_path, "ddp", 50, 2, "terminate", 0, 21)] == [143, 143]
    assert stored_steps(_folder(tmp_path)) == [20, 26]
    assert [status for status, _, _ in _ranks(tmp_path, "fsdp2", 50, 1, "terminate", 0, 5)] == [143, 143]
    assert stored_steps(_folder(tmp_path)) == [26, 31]
    network, fitted = sharing.share(tmp_path, accumulate=4)
    losses = [row.loss for row in fitted.rows]
    assert len(losses) == 50
    assert max(abs(a - b) for a, b in zip(losses, alone[1], strict=True)) < 1e-5
    for mine, other in zip(network.parameters(), alone[0].parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)
    rates = [row.learning_rate for row in fitted.rows]
    assert rates == [row.learning_rate for row in sharing.share(alone[2])[1].rows]


@pytest.mark.soak
def test_a_stage_takes_what_its_ranks_have_trained(tmp_path: Path):
    losses = _losses(tmp_path, "fsdp2", 10, 1)

    def never(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        raise AssertionError

    network, fitted = sharing.share(tmp_path, steps=10, loss=never)
    assert [row.loss for row in fitted.rows] == losses
    batch = sharing.Parts().batch(9)
    assert abs(float(sharing.loss(network, batch)) - losses[9]) < 0.3


@pytest.mark.soak
def test_a_loss_that_is_not_finite_on_one_rank_stops_all_with_words(tmp_path: Path):
    for status, _, errors in _ranks(tmp_path, "ddp", 50, 1, "nan", 1, 3):
        assert status == 1
        assert "TrainingError: the loss is nan at step 3" in errors


@pytest.mark.soak
def test_a_rank_that_dies_leaves_its_own_traceback_and_the_other_ends(tmp_path: Path):
    first, second = _ranks(tmp_path, "ddp", 50, 1, "die", 1, 3)
    assert first[0] != 0
    assert "RuntimeError: rank 1 dies at step 3" in second[2]
    assert "rank 1 dies" not in first[2]


def test_a_shared_run_without_a_launcher_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="strategy 'ddp' needs a launcher such as torchrun: RANK, WORLD_SIZE"):
        sharing.share(tmp_path, "ddp")


def _shape(value: object) -> object:
    """The structure of a checkpoint: names, shapes and types, without the numbers that rounding may change."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), value.dtype
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shape(item) for item in value]
    return type(value)
