"""Which questions need no image: those that models answer rightly without it, and how many guessing would.

Source: Chen et al. 2024, "Are We on the Right Way for Evaluating Large Vision-Language Models?" (MMStar, arXiv
2403.20330), section 3.1: a question that several models answer without its image does not measure sight.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.intervals import Estimate, Labels, accuracy


@dataclass(frozen=True)
class Indispensable:
    """How far a suite can be answered blind.

    Attributes:
        models: Models, or seeds of one, that answered without the image.
        needed: Share of the questions that none of them answered rightly: the image is indispensable, as far as these
            models tell.
        needed_by_chance: That share, were every answer a guess. A share below it says that text alone helps.
        by_models: Share of the questions answered rightly by exactly 0, 1, ... of the models.
        always: Indices of the questions that all of them answered rightly.
    """

    models: int
    needed: Estimate
    needed_by_chance: float
    by_models: tuple[float, ...]
    always: tuple[int, ...]


def indispensable(
    blind: Sequence[Sequence[bool] | NDArray[np.bool_]], chances: Sequence[float], images: Labels
) -> Indispensable:
    """Counts the blind models that answer each question rightly.

    Args:
        blind: For each model whether it answered each question rightly without the image, (models, questions).
        chances: Probability that a guess is right, one a question.
        images: The image of each question.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    right = np.asarray(blind, dtype=bool)
    if right.ndim != 2 or right.shape[1:] != (len(chances),) or not right.size:
        raise ValueError(f"blind answers of shape {right.shape} do not fit {len(chances)} questions")
    models = len(right)
    hits = right.sum(axis=0)  # (questions,)
    counts = np.bincount(hits, minlength=models + 1)
    return Indispensable(
        models=models,
        needed=accuracy(hits == 0, images),
        needed_by_chance=float(((1 - np.asarray(chances, dtype=np.float64)) ** models).mean()),
        by_models=tuple(float(count) for count in counts / right.shape[1]),
        always=tuple(int(index) for index in np.flatnonzero(hits == models)),
    )
