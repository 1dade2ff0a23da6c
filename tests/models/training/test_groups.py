"""Groups of parameters: who decays, who learns at a rate of its own, and that both go on after a kill."""

from pathlib import Path

import pytest
import torch
from torch import nn

from inkling.models.training.fit import fit
from inkling.models.training.groups import parameter_groups
from inkling.models.training.job import Optimization
from inkling.models.training.process import quiet_frameworks


class Twins(nn.Module):
    """Two equal parts, each of which gets the same gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.slow, self.fast = nn.Linear(3, 3), nn.Linear(3, 3)
        self.fast.load_state_dict(self.slow.state_dict())


def twins() -> Twins:
    torch.manual_seed(0)
    return Twins()


class Ones:
    def batch(self, step: int) -> dict[str, torch.Tensor]:
        return {"x": torch.ones(2, 3)}


def loss(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    return network.slow(batch["x"]).sum() + network.fast(batch["x"]).sum()


def trained(work: Path, loss=loss, **settings) -> tuple[Twins, list[float]]:
    network = twins()
    optimization = Optimization(steps=8, learning_rate=0.01, warmup_steps=2, final_ratio=0.01, **settings)
    fitted = fit(network, loss, Ones(), optimization, work, seed=0, checkpoint_every=3)
    return network, [row.learning_rate for row in fitted.rows]


def moved(part: nn.Linear, start: nn.Linear) -> float:
    return float((part.weight - start.weight).abs().mean())


def test_matrices_decay_and_vectors_do_not() -> None:
    matrices, vectors = parameter_groups(twins(), {})
    assert [one.ndim for one in matrices["params"]] == [2, 2]
    assert [one.ndim for one in vectors["params"]] == [1, 1]
    assert (matrices.keys(), vectors["weight_decay"]) == ({"params"}, 0.0)


def test_a_part_has_a_factor_of_its_own_behind_the_groups_that_have_none() -> None:
    network = twins()
    network.slow.bias.requires_grad_(False)
    groups = parameter_groups(network, {"fast": 0.5})
    assert [(group["rate"], len(group["params"])) for group in groups] == [(1.0, 1), (0.5, 1), (0.5, 1)]
    assert groups[1]["params"][0] is network.fast.weight


@pytest.mark.parametrize("rate", [4.0, 0.005])
def test_a_part_follows_the_same_schedule_times_its_factor(tmp_path: Path, rate: float) -> None:
    start, (network, rates) = twins(), trained(tmp_path, weight_decay=0.0, rates={"fast": rate})
    assert moved(network.fast, start.fast) == pytest.approx(rate * moved(network.slow, start.slow), rel=1e-3)
    alone, without = trained(tmp_path, weight_decay=0.0)
    assert rates == without, "the log has the schedule's rate"
    assert torch.equal(network.slow.weight, alone.slow.weight)


def test_a_killed_run_keeps_its_factors(tmp_path: Path) -> None:
    calls = 0

    def dying(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        return loss(network, batch)

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trained(tmp_path / "killed", dying, rates={"fast": 4.0})
    resumed, rates = trained(tmp_path / "killed", rates={"fast": 4.0})
    whole, expected = trained(tmp_path / "whole", rates={"fast": 4.0})
    assert rates == expected
    assert all(torch.equal(one, two) for one, two in zip(resumed.parameters(), whole.parameters(), strict=True))


def test_a_factor_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="factors of the learning rate must be positive"):
        Optimization(steps=1, learning_rate=0.1, rates={"fast": 0.0})


quiet_frameworks()
