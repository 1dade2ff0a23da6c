"""A law of mixtures: what a recipe of shares scores, learned from runs of other recipes, and which to run next.

The score is a Scheffe polynomial of the shares (Scheffe 1958, Experiments with mixtures): what a text is worth alone,
and what two are worth together. Its coefficients have normal priors, so the law is a Gaussian process whose kernel is
known; the sizes of the priors and of the noise are those under which the runs are most likely. The idea is that of
RegMix (Liu et al. 2024, arXiv 2407.01492), for fewer runs. A law is worth what it predicts: every recipe is held out
once, and the errors stand beside those of the nearest recipe and of the mean.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.quantiles import CONFIDENCE, Z_95

Floats = NDArray[np.float64]
FEWEST = 6
"""Recipes that a law is fitted to, at least."""
_ALONE, _TOGETHER, _NOISE = (0.25, 1.0, 4.0, 16.0), (0.0, 1.0, 4.0, 16.0, 64.0), (0.01, 0.03, 0.1, 0.3, 1.0)
"""Variances of the priors and of the noise that are tried, in units of the variance of the scores."""
_CANDIDATES, _STEP, _DRAWS = 2000, 0.05, 2000


@dataclass(frozen=True)
class MixtureLaw:
    """A fitted law.

    Attributes:
        shares: The recipes it was fitted to, (recipes, texts); each sums to 1.
        scores: Their scores, (recipes,).
        alone: Prior variance of what a text is worth alone.
        together: Prior variance of what two texts are worth together.
        noise: Variance of the noise.
    """

    shares: Floats
    scores: Floats
    alone: float
    together: float
    noise: float

    @classmethod
    def fit(cls, shares: Floats, scores: Floats) -> "MixtureLaw":
        """The law under which the scores are most likely.

        Args:
            shares: Share of each text in each recipe, (recipes, texts).
            scores: Score of each recipe, (recipes,).
        """
        centred, scale = scores - scores.mean(), float(scores.var()) or 1.0
        linear, pairs = _kernels(shares, shares)
        best, found = -np.inf, (0.0, 0.0, 1.0)
        for alone, together, noise in product(_ALONE, _TOGETHER, _NOISE):
            covariance = scale * (alone * linear + together * pairs + noise * np.eye(len(scores)))
            root = np.linalg.cholesky(covariance)
            left = np.linalg.solve(root, centred)
            likelihood = -0.5 * float(left @ left) - float(np.log(np.diag(root)).sum())
            if likelihood > best:
                best, found = likelihood, (alone, together, noise)
        return cls(shares, scores, *(scale * part for part in found))

    def predict(self, shares: Floats) -> tuple[Floats, Floats]:
        """Scores of recipes (recipes, texts), and the standard errors of what the law says of them, (recipes,) each."""
        inverse = np.linalg.inv(self._kernel(self.shares, self.shares) + self.noise * np.eye(len(self.scores)))
        across = self._kernel(shares, self.shares)
        middle = float(self.scores.mean())
        own = np.array([self._kernel(one[None], one[None])[0, 0] for one in shares])
        variances = own - np.einsum("ij,jk,ik->i", across, inverse, across)
        return middle + across @ (inverse @ (self.scores - middle)), np.sqrt(np.maximum(variances, 0.0))

    def _kernel(self, one: Floats, other: Floats) -> Floats:
        linear, pairs = _kernels(one, other)
        return self.alone * linear + self.together * pairs


@dataclass(frozen=True)
class HeldOut:
    """Errors of predictions of recipes that were held out, one after another.

    Attributes:
        law: Root of the mean squared error of the law.
        nearest: That of the score of the nearest recipe.
        mean: That of the mean of the other recipes.
        gain: By how much the law's mean squared error is below that of the better of the two, as a part of it, with
            its 95 % interval over recipes.
    """

    law: float
    nearest: float
    mean: float
    gain: tuple[float, float, float]

    @property
    def shown(self) -> bool:
        """Whether the law is shown to predict better than both."""
        return self.gain[1] > 0


def hold_out(shares: Floats, scores: Floats, random: np.random.Generator) -> HeldOut:
    """Holds every recipe out once.

    Args:
        shares: Share of each text in each recipe, (recipes, texts).
        scores: Score of each recipe, (recipes,).
        random: By what recipes are resampled.
    """
    squares = np.empty((3, len(scores)))
    for index in range(len(scores)):
        others = np.arange(len(scores)) != index
        law = MixtureLaw.fit(shares[others], scores[others])
        nearest = np.abs(shares[others] - shares[index]).sum(axis=1).argmin()
        said = (law.predict(shares[index : index + 1])[0][0], scores[others][nearest], scores[others].mean())
        squares[:, index] = (np.array(said) - scores[index]) ** 2
    means = squares.mean(axis=1)
    drawn = squares[:, random.integers(len(scores), size=(_DRAWS, len(scores)))].mean(axis=2)  # (3, draws)
    other = np.minimum(drawn[1], drawn[2])
    gains = 1 - drawn[0] / np.where(other == 0, 1, other)
    low, high = np.quantile(gains, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    least = min(means[1], means[2])
    gain = 1 - means[0] / least if least > 0 else 0.0
    law_error, nearest_error, mean_error = (float(root) for root in np.sqrt(means))
    return HeldOut(law_error, nearest_error, mean_error, (float(gain), float(low), float(high)))


@dataclass(frozen=True)
class Proposal:
    """A recipe to run next.

    Attributes:
        shares: Share of each text, in steps of 5 %.
        predicted: Its score by the law.
        low: Lower end of the law's 95 % interval.
        high: Upper end.
    """

    shares: tuple[float, ...]
    predicted: float
    low: float
    high: float


def propose(law: MixtureLaw, count: int, improve: bool, random: np.random.Generator) -> list[Proposal]:
    """Recipes to run next, none that was run, each as if the ones before had come out as predicted.

    Args:
        law: The law.
        count: How many.
        improve: Whether to look for a better score (expected improvement, Mockus 1978) or, where the law is not shown
            to predict, for what it knows least.
        random: By what candidates are drawn.
    """
    from scipy.stats import norm

    texts = law.shares.shape[1]
    drawn = np.concatenate([random.dirichlet(np.full(texts, size), _CANDIDATES // 2) for size in (0.5, 2.0)])
    candidates = np.unique(_rounded(drawn), axis=0)
    run = np.abs(candidates[:, None] - law.shares[None]).sum(axis=2).min(axis=1) < _STEP
    candidates = candidates[~run] if not run.all() else candidates
    found: list[Proposal] = []
    taken: list[int] = []
    for _ in range(count):
        values, errors = law.predict(candidates)
        gap = values - float(law.predict(law.shares)[0].max())
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = gap * norm.cdf(gap / errors) + errors * norm.pdf(gap / errors)
        worth = np.where(errors > 0, expected, 0.0) if improve else errors.copy()
        worth[taken] = -np.inf
        chosen = int(worth.argmax())
        taken.append(chosen)
        value, half = float(values[chosen]), Z_95 * float(errors[chosen])
        found.append(Proposal(tuple(candidates[chosen].tolist()), value, value - half, value + half))
        shares = np.vstack([law.shares, candidates[chosen]])
        law = MixtureLaw(shares, np.append(law.scores, value), law.alone, law.together, law.noise)
    return found


def _kernels(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """The kernels of texts alone and of pairs of texts, (recipes, others) each."""
    inner = one @ other.T
    return inner, (inner**2 - (one**2) @ (other**2).T) / 2


def _rounded(shares: Floats) -> Floats:
    """Shares in steps that still sum to 1: the largest one takes what rounding leaves."""
    steps = np.round(shares / _STEP)
    rows = np.arange(len(steps))
    steps[rows, steps.argmax(axis=1)] += round(1 / _STEP) - steps.sum(axis=1)
    return np.round(steps * _STEP, 4)
