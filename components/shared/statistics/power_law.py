"""Lines on logarithms: the power law of a loss, and what a score gains each time an amount doubles.

Both are least squares on the logarithm of the amount, so a fit, a prediction and its error on a point that was left
out are sums of the values, each with a weight, and have intervals as the values have.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class PowerLaw:
    """L(D) = factor * D ** -exponent.

    Attributes:
        factor: A, nats per token.
        exponent: alpha.
        weights: What the logarithm of each loss adds to `-exponent`; they sum to 0.
    """

    factor: float
    exponent: float
    weights: tuple[float, ...]

    def __call__(self, amount: float) -> float:
        """The loss that the law gives."""
        return float(self.factor * amount**-self.exponent)


def fit_power_law(amounts: Sequence[float], losses: Sequence[float]) -> PowerLaw:
    """Fits the law by least squares of logarithms.

    Args:
        amounts: What was spent, such as tokens read; positive, two or more different ones.
        losses: The loss at each, positive.

    Raises:
        ValueError: If they are not as said.
    """
    if len(amounts) != len(losses) or len(set(amounts)) < 2 or min(*amounts, *losses) <= 0:
        raise ValueError("a power law needs a positive loss at each of two or more positive amounts")
    logs = np.log(np.array([amounts, losses], dtype=np.float64))
    centred = logs[0] - logs[0].mean()
    weights = centred / (centred**2).sum()
    slope = float(weights @ logs[1])
    return PowerLaw(float(np.exp(logs[1].mean() - slope * logs[0].mean())), -slope, tuple(weights.tolist()))


@dataclasses.dataclass(frozen=True)
class LogLine:
    """The weights of values at some amounts in the line through them on the logarithm of the amount.

    Attributes:
        slope: Of each value in the slope, per doubling of the amount, (points,).
        prediction: Of each value in what the line gives at a further amount, (points,).
    """

    slope: NDArray[np.float64]
    prediction: NDArray[np.float64]

    @classmethod
    def through(cls, amounts: Sequence[float], further: float) -> "LogLine":
        """The line through points at some amounts, and its value at a further one.

        Raises:
            ValueError: If there are not two different amounts, or one is not positive.
        """
        if len(set(amounts)) < 2 or min(*amounts, further) <= 0:
            raise ValueError("a line on logarithms needs two or more different positive amounts")
        logs = np.log2(np.array(amounts, np.float64))
        centred = logs - logs.mean()
        slope = centred / (centred**2).sum()
        return cls(slope, 1 / len(logs) + slope * (np.log2(further) - logs.mean()))
