"""Rewards: the drawn gradient is the exact one on average, agreement teaches nothing, draws do not mix rows."""

from math import comb

import pytest
import torch
from torch import Tensor

from inkling.components.adapt.rollout import advantages, draw, policy_loss

DRAWS = 5


def exact_gradient(logits: Tensor, right: int) -> Tensor:
    """The expected gradient of the drawn loss, over all ways in which draws may come out (choices,)."""
    shares = logits.softmax(0)
    slopes = torch.eye(len(logits), dtype=logits.dtype) - shares  # row s: gradient of log p(s)
    wrong = sum(shares[one] * slopes[one] for one in range(len(logits)) if one != right) / (1 - shares[right])
    total = torch.zeros_like(logits)
    for hits in range(1, DRAWS):  # where all agree nothing is learned
        mean = hits / DRAWS
        deviation = (mean * (1 - mean)) ** 0.5 + 1e-6
        chance = comb(DRAWS, hits) * shares[right] ** hits * (1 - shares[right]) ** (DRAWS - hits)
        gain = hits * (1 - mean) * slopes[right] - (DRAWS - hits) * mean * wrong
        total -= chance * gain / deviation / DRAWS
    return total


def test_the_drawn_gradient_is_the_exact_one_on_average() -> None:
    logits = torch.tensor([0.3, -0.5, 0.8, 0.1], dtype=torch.float64, requires_grad=True)
    found = []
    for seed in range(600):
        probabilities = logits.log_softmax(0)[None]
        chosen = draw(probabilities, DRAWS, [3], seed)
        loss = policy_loss(probabilities, chosen, (chosen == 2).double(), probabilities.detach(), 0.0).sum()
        found.append(torch.autograd.grad(loss, logits)[0])
    drawn = torch.stack(found)
    error = drawn.std(0) / len(drawn) ** 0.5
    assert ((drawn.mean(0) - exact_gradient(logits.detach(), 2)).abs() < 3 * error).all()


@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_equal_rewards_teach_nothing(reward: float) -> None:
    probabilities = torch.tensor([[0.1, 0.2, 0.3, 0.4]]).log().requires_grad_(True)
    chosen = torch.tensor([[0, 1, 3]])
    loss = policy_loss(probabilities, chosen, torch.full((1, 3), reward), probabilities.detach(), 0.01).sum()
    (gradient,) = torch.autograd.grad(loss, probabilities)
    assert torch.equal(gradient, torch.zeros(1, 4)), "no advantage, and no divergence yet"


def test_advantages_are_in_deviations_of_their_row() -> None:
    found = advantages(torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0]]))
    assert found[0].tolist() == pytest.approx([1, -1, -1, 1], rel=1e-4)
    assert found.mean(1).tolist() == pytest.approx([0, 0], abs=1e-6)
    assert found.std(1, correction=0).tolist() == pytest.approx([1, 1], rel=1e-4)


def test_the_divergence_is_zero_at_the_start_and_draws_back() -> None:
    before = torch.tensor([[0.5, 0.5]], dtype=torch.float64).log()
    moved = torch.tensor([[0.8, 0.2]], dtype=torch.float64).log().requires_grad_(True)
    chosen, even = torch.tensor([[0, 1]]), torch.ones(1, 2)
    assert float(policy_loss(before, chosen, even, before, 1.0)) == 0
    loss = policy_loss(moved, chosen, even, before, 1.0).sum()
    (gradient,) = torch.autograd.grad(loss, moved)
    assert loss > 0
    assert gradient[0, 0] > 0 > gradient[0, 1]


def test_draws_follow_the_probabilities_and_depend_on_row_and_seed_alone() -> None:
    probabilities = torch.tensor([[0.1, 0.2, 0.3, 0.4]] * 500).log()
    chosen = draw(probabilities, 20, range(500), 1)
    shares = torch.bincount(chosen.flatten(), minlength=4) / chosen.numel()
    assert shares.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.02)
    assert torch.equal(draw(probabilities[:2], 20, [7, 8], 1), chosen[7:9])
    assert not torch.equal(draw(probabilities, 20, range(500), 2), chosen)
