"""Whether a model is right as often as it is sure: Brier score of its options, calibration error of its choices.

How sure it is of an option is the option's share of the likelihood of all options, their softmax. It says nothing of
options that were not given.
"""

import dataclasses
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
        brier: Squared gap between how sure the model was of an option and whether that was the right one, summed over
            the options of a question, averaged over questions (Brier 1950, of all classes), with its interval clustered
            by image; from 0, all sure and right, to 2, all sure and wrong.
        brier_uniform: The same of a model that finds all options equally likely: what to be below.
        ece: Expected calibration error of the chosen option (Naeini et al. 2015; Guo et al. 2017) over bins of equal
            numbers of questions.
        ece_calibrated: What it would be on average, for bins so small, of a model that is perfectly calibrated.
        bins: The bins, from the least sure.
    """

    brier: Estimate
    brier_uniform: float
    ece: float
    ece_calibrated: float
    bins: tuple[Bin, ...]


def option_shares(log_likelihoods: Sequence[float]) -> list[float]:
    """Softmax of the options' log-likelihoods (nats): the share of their likelihood that each one has, if there are."""
    if not len(log_likelihoods):
        return []
    weights = np.exp(np.array(log_likelihoods) - max(log_likelihoods))
    return [float(share) for share in weights / weights.sum()]


def calibration(
    shares: Sequence[Sequence[float]], chosen: Sequence[int], right: Sequence[int], images: Labels
) -> Calibration:
    """Brier score of all options and expected calibration error of the chosen ones.

    The bins hold equal numbers of questions, ten of them or fewer where there are fewer questions (equal mass: Nguyen
    and O'Connor 2015). Questions of the same confidence share their mean of right answers, so that their order does not
    matter. For each bin a calibrated model's gap is about normal, whose mean size is sqrt(2 / pi) deviations.

    Args:
        shares: Share of the likelihood that each option of a question has, from 0 to 1, in all 1.
        chosen: Index of the option that the model chose.
        right: Index of the right one.
        images: The image of each question.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    if not len(shares) == len(chosen) == len(right) or not len(shares):
        raise ValueError(f"{len(shares)} questions, {len(chosen)} choices and {len(right)} right ones")
    sure = np.array([found[index] for found, index in zip(shares, chosen, strict=True)], np.float64)
    correct = np.asarray(chosen) == np.asarray(right)
    same = np.unique(sure, return_inverse=True)[1]
    shared = (np.bincount(same, weights=correct) / np.bincount(same))[same]
    order = np.argsort(sure, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    bins = tuple(Bin(len(part), float(sure[part].mean()), float(shared[part].mean())) for part in parts)
    return Calibration(
        brier=_brier(shares, right, images),
        brier_uniform=float(np.mean([1 - 1 / len(found) for found in shares])),
        ece=sum(one.questions * abs(one.confidence - one.accuracy) for one in bins) / len(sure),
        ece_calibrated=sum(_noise(sure[part]) for part in parts) / len(sure),
        bins=bins,
    )


def _brier(shares: Sequence[Sequence[float]], right: Sequence[int], images: Labels) -> Estimate:
    """The Brier score with its interval; halved, a question's gaps lie between 0 and 1 as those of an estimate do."""
    gaps = [
        sum((share - (index == truth)) ** 2 for index, share in enumerate(found))
        for found, truth in zip(shares, right, strict=True)
    ]
    half = clustered_mean(np.array(gaps) / 2, images)
    low, high = (None if end is None else 2 * end for end in (half.low, half.high))
    return dataclasses.replace(half, value=2 * half.value, low=low, high=high)


def _noise(confidence: NDArray[np.float64]) -> float:
    """Mean size of the gap between the sum of confidences and that of right answers, were they calibrated."""
    return math.sqrt(2 / math.pi * float((confidence * (1 - confidence)).sum()))
