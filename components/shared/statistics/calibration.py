"""Whether a model is right as often as it is sure: Brier score and expected calibration error of its choices.

How sure it is of a choice is the choice's share of the likelihood of all options, their softmax. It says nothing of
options that were not given.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.intervals import Estimate, Labels, clustered_mean

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Choices of which the model was about equally sure.

    Attributes:
        questions: How many.
        confidence: Mean share of the likelihood that they had.
        accuracy: Share of them that was right.
    """

    questions: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How well a model knows when it is right.

    Attributes:
        brier: Mean squared gap between how sure the model was of its choice and whether it was right (Brier 1950, for
            one event: this choice is right), with its interval clustered by image; 0 at best.
        brier_constant: The same of a model that is always as sure as it is right on average: what to be below.
        ece: Expected calibration error (Naeini et al. 2015; Guo et al. 2017) over bins of equal numbers of questions.
        ece_calibrated: What it would be on average, for bins so small, of a model that is perfectly calibrated.
        bins: The bins, from the least sure.
    """

    brier: Estimate
    brier_constant: float
    ece: float
    ece_calibrated: float
    bins: tuple[Bin, ...]


def option_shares(log_likelihoods: Sequence[float]) -> list[float]:
    """Softmax of the options' log-likelihoods (nats): the share of their likelihood that each one has, if there are."""
    if not len(log_likelihoods):
        return []
    weights = np.exp(np.array(log_likelihoods) - max(log_likelihoods))
    return [float(share) for share in weights / weights.sum()]


def calibration(confidence: Sequence[float], correct: Sequence[bool], images: Labels) -> Calibration:
    """Brier score and expected calibration error.

    The bins hold equal numbers of questions, ten of them or fewer where there are fewer questions (equal mass: Nguyen
    and O'Connor 2015). Questions of the same confidence share their mean of right answers, so that their order does not
    matter. For each bin a calibrated model's gap is about normal, whose mean size is sqrt(2 / pi) deviations.

    Args:
        confidence: Share of the likelihood that the chosen option has, from 0 to 1, one a question.
        correct: Whether it was right.
        images: The image of each question.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    sure, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if sure.shape != right.shape or not sure.size:
        raise ValueError(f"{sure.size} confidences of {right.size} answers")
    brier = clustered_mean((sure - right) ** 2, images)
    same = np.unique(sure, return_inverse=True)[1]
    shared = (np.bincount(same, weights=right) / np.bincount(same))[same]
    order = np.argsort(sure, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    bins = tuple(Bin(len(part), float(sure[part].mean()), float(shared[part].mean())) for part in parts)
    return Calibration(
        brier=brier,
        brier_constant=float(right.mean() * (1 - right.mean())),
        ece=sum(one.questions * abs(one.confidence - one.accuracy) for one in bins) / len(sure),
        ece_calibrated=sum(_noise(sure[part]) for part in parts) / len(sure),
        bins=bins,
    )


def _noise(confidence: NDArray[np.float64]) -> float:
    """Mean size of the gap between the sum of confidences and that of right answers, were they calibrated."""
    return math.sqrt(2 / math.pi * float((confidence * (1 - confidence)).sum()))
