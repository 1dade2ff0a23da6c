import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from inkling.models.training.checkpoint import stored_steps
from inkling.models.training.job import LogRow

_PROGRAM = Path(__file__).with_name("runs.py")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_runs", _PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


runs = _load()


def _checkpoints(work: Path) -> list[int]:
    (folder,) = work.glob("*/checkpoints")
    return stored_steps(folder)


def _weights(network: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in network.parameters()]


def _same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(_weights(first), _weights(second), strict=True))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.nn.Module, list[LogRow], Path]:
    work = tmp_path_factory.mktemp("undisturbed")
    return *runs.run(work), work


def test_it_learns_and_logs_every_step(undisturbed):
    _, rows, _ = undisturbed
    assert [row.step for row in rows] == list(range(1, runs.STEPS + 1))
    assert rows[-1].loss < rows[0].loss - 0.5
    rates = [row.learning_rate for row in rows]
    assert rates.index(max(rates)) == 3
    assert max(rates) == pytest.approx(1e-2)
    assert rates[0] == pytest.approx(1e-2 / 4)
    assert rates[3:] == sorted(rates[3:], reverse=True)


def test_each_step_is_logged_while_it_runs(undisturbed):
    _, rows, work = undisturbed
    (log,) = work.glob("*/steps.jsonl")
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["step"], entry["loss"]) for entry in logged] == [(row.step, row.loss) for row in rows]
    assert all(entry["seconds"] > 0 for entry in logged)
    assert list(work.glob("*/logs/**/events.out.tfevents*"))


def test_the_same_seed_twice_gives_the_same_bits(undisturbed, tmp_path: Path):
    network, rows = runs.run(tmp_path)
    assert rows == undisturbed[1]
    assert _same(network, undisturbed[0])


@pytest.mark.parametrize(
    ("how", "at", "kept", "status"),
    [("kill", 8, [5], -9), ("tear", 10, [5], -9), ("terminate", 7, [5, 7], 143)],
)
def test_a_disturbed_run_goes_on_to_the_same_bits(
    undisturbed, tmp_path: Path, how: str, at: int, kept: list[int], status: int
):
    program = [sys.executable, str(_PROGRAM), str(tmp_path), how, str(at)]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    assert _checkpoints(tmp_path) == kept
    taken = []

    def counted(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        taken.append(1)
        return runs.loss(network, batch)

    network, rows = runs.run(tmp_path, counted)
    assert len(taken) == runs.STEPS - kept[-1]
    assert rows == undisturbed[1]
    assert _same(network, undisturbed[0])


def test_a_damaged_checkpoint_is_passed_over(undisturbed, tmp_path: Path):
    program = [sys.executable, str(_PROGRAM), str(tmp_path), "kill", "12"]
    subprocess.run(program, capture_output=True, check=False)
    assert _checkpoints(tmp_path) == [5, 10]
    (damaged,) = tmp_path.glob("*/checkpoints/step-00000010/tensors.safetensors")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    network, rows = runs.run(tmp_path)
    assert rows == undisturbed[1]
    assert _same(network, undisturbed[0])


def test_a_finished_run_is_taken_as_it_is(undisturbed):
    def never(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        raise AssertionError

    network, rows = runs.run(undisturbed[2], never)
    assert rows == undisturbed[1]
    assert _same(network, undisturbed[0])


def test_a_run_with_other_settings_does_not_go_on_from_foreign_checkpoints(undisturbed):
    _, rows = runs.run(undisturbed[2], learning_rate=2e-2)
    assert rows[1].loss != undisturbed[1][1].loss
    assert len(rows) == runs.STEPS


def test_bf16_clips_and_learns_as_fp32_does(undisturbed, tmp_path: Path):
    from inkling.models.training.job import Execution

    network, rows = runs.run(tmp_path, execution=Execution(precision="bf16", compile=False))
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())
    assert [row.loss for row in rows] == pytest.approx([row.loss for row in undisturbed[1]], rel=0.02)
    assert [row.loss for row in rows] != [row.loss for row in undisturbed[1]]


def test_bf16_gradients_are_scaled_to_the_longest_that_is_allowed():
    from inkling.models.training.trainer import Bf16Precision

    weight = torch.nn.Parameter(torch.zeros(4))
    weight.grad = torch.full((4,), 10.0)
    Bf16Precision("cpu").clip_gradients(torch.optim.AdamW([weight], fused=True), 1.0)
    assert float(weight.grad.norm()) == pytest.approx(1.0, abs=1e-4)


def test_a_loss_that_is_not_finite_stops_with_its_step(tmp_path: Path):
    from inkling.models.training.job import TrainingError

    steps = []

    def diverging(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        steps.append(1)
        return runs.loss(network, batch) * (float("nan") if len(steps) == 4 else 1.0)

    with pytest.raises(TrainingError, match="the loss is nan at step 4"):
        runs.run(tmp_path, diverging)


def test_frozen_parameters_stay(tmp_path: Path):
    from inkling.models.training.fit import fit
    from inkling.models.training.job import Optimization

    network = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 1))
    network[0].requires_grad_(False)
    before = [parameter.clone() for parameter in _weights(network)]

    class Ones:
        def batch(self, step: int) -> dict[str, torch.Tensor]:
            return {"x": torch.ones(2, 4)}

    settings = Optimization(steps=2, learning_rate=0.1)
    fit(
        network,
        lambda net, batch: net(batch["x"]).square().mean(),
        Ones(),
        settings,
        tmp_path,
        seed=0,
        checkpoint_every=9,
    )
    after = _weights(network)
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])
    assert not torch.equal(before[2], after[2])


def test_zero_steps_touch_nothing_and_import_no_framework(tmp_path: Path):
    code = (
        "import sys, torch, importlib.util, pathlib\n"
        f"spec = importlib.util.spec_from_file_location('runs', {str(_PROGRAM)!r})\n"
        "runs = importlib.util.module_from_spec(spec); spec.loader.exec_module(runs)\n"
        f"network, rows = runs.run(pathlib.Path({str(tmp_path)!r}), steps=0)\n"
        "fresh = runs.load_preset('tiny').build(runs.VOCABULARY, 1)\n"
        "assert rows == []\n"
        "assert all(torch.equal(a, b) for a, b in zip(network.parameters(), fresh.parameters()))\n"
        "assert not {'nemo', 'lightning'} & set(sys.modules), 'imported'\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": -1, "learning_rate": 0.1}, "negative"),
        ({"steps": 1, "learning_rate": 0.0}, "positive"),
        ({"steps": 5, "learning_rate": 0.1, "warmup_steps": 5}, "fewer than the 5 steps"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict, message: str):
    from inkling.models.training.job import Optimization

    with pytest.raises(ValueError, match=message):
        Optimization(**settings)


class _Copy:
    """A mirror that is a folder."""

    def __init__(self, work: Path, folder: Path) -> None:
        self.work, self.folder, self.saved_paths = work, folder, []

    def fetch(self, run: Path) -> None:
        stored = sorted((self.folder / run.name / "checkpoints").glob("step-*"))
        for path in stored[-1:]:
            shutil.copytree(path, run / "checkpoints" / path.name)

    def saved(self, path: Path) -> None:
        self.saved_paths.append(f"{path.parent.name} {int(path.name.removeprefix('step-'))}")
        shutil.copytree(path, self.folder / path.relative_to(self.work))


def test_another_node_goes_on_from_the_copy_to_the_same_bits(undisturbed, tmp_path: Path):
    taken = []

    def failing(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        taken.append(1)
        if len(taken) == 8:
            raise ArithmeticError
        return runs.loss(network, batch)

    first = _Copy(tmp_path / "first", tmp_path / "copy")
    with pytest.raises(ArithmeticError):
        runs.run(tmp_path / "first", failing, mirror=first, save_steps=(0, 3))
    second = _Copy(tmp_path / "second", tmp_path / "copy")
    network, rows = runs.run(tmp_path / "second", failing, mirror=second, save_steps=(0, 3))
    assert first.saved_paths == ["saved 0", "saved 3", "checkpoints 5"]
    assert second.saved_paths == ["checkpoints 10", "checkpoints 12"] and len(taken) == 8 + runs.STEPS - 5
    assert rows == undisturbed[1] and _same(network, undisturbed[0])
