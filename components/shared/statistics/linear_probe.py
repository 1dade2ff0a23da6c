"""Linear probe: what a linear map of image features answers, trained on the training pictures; no language model.

It is ridge regression onto the answers, one output an answer, with the penalty that does best when each example is
left out in turn, which has a closed form (Hastie, Tibshirani and Friedman, 2009, equation 7.64 for kernels). Beside
every accuracy stand chance and a prior-only guesser, which takes the choice that training answered most often.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.intervals import Estimate, Labels, accuracy

_PENALTIES = tuple(10.0**power for power in range(-3, 5))  # of the mean square of an example's features
_FLOOR = 1e-6


@dataclass(frozen=True)
class Probed:
    """What a linear probe answers.

    Attributes:
        right: Whether each question is answered rightly.
        accuracy: The share of them, with its interval.
        prior: That of the prior-only guesser.
        chance: That of guessing among the choices.
        examples: Training examples.
    """

    right: NDArray[np.bool_]
    accuracy: Estimate
    prior: Estimate
    chance: float
    examples: int


def linear_probe(
    features: NDArray[np.floating],
    answers: Sequence[str],
    asked: NDArray[np.floating],
    choices: Sequence[Sequence[str]],
    correct: Sequence[str],
    images: Labels,
) -> Probed:
    """Trains the probe and asks it questions.

    Args:
        features: Of each training example (examples, channels).
        answers: The answer of each training example.
        asked: Features of each question's picture (questions, channels).
        choices: What may be answered to each question; what training never answered is never chosen before the rest.
        correct: The right choice of each question.
        images: The image of each question, by which the interval is clustered.

    Raises:
        ValueError: If there is no example or no question.
    """
    if not len(answers) or not len(correct):
        raise ValueError(f"a linear probe needs examples and questions, got {len(answers)} and {len(correct)}")
    counts = Counter(answers)
    columns = {answer: column for column, answer in enumerate(sorted(counts))}
    targets = np.zeros((len(answers), len(columns)))
    targets[np.arange(len(answers)), [columns[answer] for answer in answers]] = 1
    scores = _ridge(features.astype(np.float64), targets, asked.astype(np.float64))  # (questions, answers)
    right, prior = [], []
    for row, offered, answer in zip(scores, choices, correct, strict=True):
        said = [row[columns[choice]] if choice in columns else -np.inf for choice in offered]
        right.append(offered[int(np.argmax(said))] == answer)
        prior.append(max(offered, key=lambda choice: counts[choice]) == answer)
    return Probed(
        right=np.array(right),
        accuracy=accuracy(right, images),
        prior=accuracy(prior, images),
        chance=float(np.mean([1 / len(offered) for offered in choices])),
        examples=len(answers),
    )


def _ridge(
    features: NDArray[np.float64], targets: NDArray[np.float64], asked: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What ridge regression from features to targets (examples, outputs) says of others (questions, outputs)."""
    mean, deviation = features.mean(0), features.std(0) + _FLOOR
    own, others = (features - mean) / deviation, (asked - mean) / deviation
    middle = targets.mean(0)
    values, vectors = np.linalg.eigh(own @ own.T)  # of the Gram matrix (examples, examples)
    rotated = vectors.T @ (targets - middle)
    scale, best = max(float(values.mean()), _FLOOR), (np.inf, np.zeros_like(targets))
    for penalty in _PENALTIES:
        inverse = 1 / (np.maximum(values, 0) + penalty * scale)
        weights = vectors @ (inverse[:, None] * rotated)  # (examples, outputs)
        left_out = weights / ((vectors**2) @ inverse)[:, None]  # the error of each example when it is left out
        error = float(np.square(left_out).mean())
        if error < best[0]:
            best = error, weights
    said: NDArray[np.float64] = others @ (own.T @ best[1]) + middle
    return said
