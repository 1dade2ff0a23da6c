"""Learning from rewards of drawn answers, where the answers that there are can be counted (GRPO).

Group-relative policy optimisation (Shao et al., 2024, arXiv 2402.03300) with one step on each draw, so that the ratio
of policies is 1: an answer gains by how far its reward lies above the mean of the answers drawn beside it.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_LEAST = 1e-6


def draw(log_probabilities: Tensor, draws: int, rows: Sequence[int], seed: int) -> Tensor:
    """Draws choices of several questions, each by itself: what is asked beside it changes nothing (questions, draws).

    Args:
        log_probabilities: Of each choice (questions, choices), the probabilities of a question summing to 1.
        draws: Choices drawn of each.
        rows: A number for each question.
        seed: Another one in each step.
    """
    drawn = np.stack([np.random.default_rng([seed, row]).random(draws) for row in rows])  # (questions, draws)
    sums = log_probabilities.detach().cpu().double().exp().cumsum(1)  # (questions, choices)
    chosen = (torch.from_numpy(drawn)[:, :, None] > sums[:, None]).sum(2)
    return chosen.clamp_max(log_probabilities.shape[1] - 1).to(log_probabilities.device)


def advantages(rewards: Tensor) -> Tensor:
    """How far each reward lies above those drawn beside it, in deviations (questions, draws); zero where all agree."""
    deviation = rewards.std(1, correction=0, keepdim=True)
    return (rewards - rewards.mean(1, keepdim=True)) / (deviation + _LEAST)


def policy_loss(
    log_probabilities: Tensor, chosen: Tensor, rewards: Tensor, before: Tensor, divergence: float
) -> Tensor:
    """What is to become small so that well rewarded choices become likelier (questions,).

    Args:
        log_probabilities: Of each choice (questions, choices).
        chosen: The choices that were drawn (questions, draws).
        rewards: What each was worth (questions, draws).
        before: Log-probabilities of the model as the phase found it (questions, choices).
        divergence: Weight of the divergence from it, by the estimator of low variance, r - 1 - log r.
    """
    drawn = log_probabilities.gather(1, chosen)  # (questions, draws)
    ratio = before.gather(1, chosen) - drawn
    return (divergence * (ratio.exp() - 1 - ratio) - advantages(rewards) * drawn).mean(1)
