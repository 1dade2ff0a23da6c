"""Student's quantile on a machine without scipy, whose wheel does not fit the kit."""

import importlib.util
import math

import numpy as np

_MOST, _POINTS, _HALVINGS = 13.0, 80, 60


def stand_in() -> None:
    """Puts this quantile in the place of the project's, where that could not be computed; before it is imported."""
    if importlib.util.find_spec("scipy") is None:
        from inkling.components.shared.statistics import quantiles

        quantiles.student_quantile = student_quantile


def student_quantile(freedom: int) -> float:
    """The 97.5 % quantile of Student's distribution.

    With t = sqrt(freedom) tan(angle) the density becomes a power of a cosine, which Gauss-Legendre quadrature
    integrates; the angle is found by halving.

    Args:
        freedom: Degrees of freedom, from 1.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    low, high = 0.0, math.atan(_MOST / math.sqrt(freedom))
    for _ in range(_HALVINGS):
        angle = (low + high) / 2
        held = constant * angle / 2 * float(weights @ np.cos(angle * (nodes + 1) / 2) ** (freedom - 1))
        low, high = (angle, high) if held < 0.475 else (low, angle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)
