"""Means of numbers without bounds, such as counts of words, with intervals clustered by image."""

import math

import numpy as np

from inkling.components.shared.statistics.intervals import Estimate, Labels, Values
from inkling.components.shared.statistics.quantiles import student_quantile


def number_mean(values: Values, images: Labels) -> Estimate:
    """Mean of numbers, with Student's interval at one degree of freedom less than there are images.

    Args:
        values: One number a question.
        images: The image of each question.

    Returns:
        The mean in the numbers' own unit; its interval is of width zero where all are alike.

    Raises:
        ValueError: If there is no number or the lengths differ.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers) == len(images) > 0:
        raise ValueError(f"{len(numbers)} numbers of {len(images)} images: one a question, and one at least")
    clusters = np.unique(np.asarray(images), return_inverse=True)[1]
    value, count = float(numbers.mean()), int(clusters.max()) + 1
    if count == 1:
        return Estimate(value, None, None, len(numbers), 1)
    sums = np.bincount(clusters, weights=(numbers - value) / len(numbers))  # (images,)
    half = student_quantile(count - 1) * math.sqrt(float((sums**2).sum()) * count / (count - 1))
    return Estimate(value, value - half, value + half, len(numbers), count)
