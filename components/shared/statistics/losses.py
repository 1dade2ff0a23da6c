"""Losses of held-out text by document, and means over sources with 95 % intervals.

Every source has the same weight; within one the loss is a ratio of sums over its documents: nats over tokens, or bits
over bytes of text, which does not depend on the tokenizer (Gao et al. 2020, The Pile, section 3.1). Tokens within a
document are not independent: the variance is the linearised one, clustered by document, with the factor G / (G - 1) for
the G documents of a source. A source of one document adds nothing to it; where every source is one, there is no
interval. Intervals are normal ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.quantiles import Z_95, student_quantile


@dataclass(frozen=True)
class DocumentLosses:
    """What held-out documents cost a model, an entry a document.

    Attributes:
        sources: Source of each.
        documents: Number of each within its source.
        tokens: Tokens scored, int64 (documents,).
        bytes: UTF-8 bytes of these tokens, by the mean of the source, float64 (documents,).
        nats: Their negative log-likelihood, float64 (documents,).
    """

    sources: tuple[str, ...]
    documents: tuple[int, ...]
    tokens: NDArray[np.int64]
    bytes: NDArray[np.float64]
    nats: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence["DocumentLosses"]) -> "DocumentLosses":
        """The documents of several sources, one after the other."""
        return cls(
            tuple(source for part in parts for source in part.sources),
            tuple(document for part in parts for document in part.documents),
            np.concatenate([part.tokens for part in parts]),
            np.concatenate([part.bytes for part in parts]),
            np.concatenate([part.nats for part in parts]),
        )

    def of(self, source: str) -> "DocumentLosses":
        """The documents of one source."""
        kept = np.array([one == source for one in self.sources])
        numbers = tuple(np.array(self.documents)[kept].tolist())
        return DocumentLosses((source,) * len(numbers), numbers, self.tokens[kept], self.bytes[kept], self.nats[kept])

    def same_text(self, other: "DocumentLosses") -> bool:
        """Whether the other model was scored on the same tokens of the same documents."""
        own, others = ((one.sources, one.documents, one.tokens.tolist()) for one in (self, other))
        return own == others

    def nats_per_token(self) -> "Mean":
        """The mean loss of a token, in nats."""
        return self._mean(self.nats, self.tokens)

    def bits_per_byte(self) -> "Mean":
        """The mean loss of a byte of text, in bits."""
        return self._mean(self.nats / math.log(2), self.bytes)

    def _mean(self, costs: NDArray[np.float64], sizes: NDArray[np.float64] | NDArray[np.int64]) -> "Mean":
        members = np.unique(self.sources, return_inverse=True)[1]
        wholes = np.bincount(members, weights=sizes)
        ratios = np.bincount(members, weights=costs) / wholes
        counts = np.bincount(members)
        factors = np.sqrt(counts / np.maximum(counts - 1, 1))
        influence = (costs - ratios[members] * sizes) / wholes[members] * factors[members] / len(ratios)
        return Mean(float(ratios.mean()), influence, bool((counts > 1).any()))


def document_losses(
    source: str, costs: NDArray[np.float64], documents: NDArray[np.int64], bytes_per_token: float
) -> DocumentLosses:
    """Sums what the tokens of a source cost up by document.

    Args:
        source: Name of the source.
        costs: What each token costs a model, in nats, of any shape.
        documents: The document of each, of the same shape; -1 where it does not count.
        bytes_per_token: Bytes of text that a token of the source stands for.
    """
    real = documents >= 0
    numbers, members = np.unique(documents[real], return_inverse=True)
    tokens = np.bincount(members).astype(np.int64)
    nats = np.bincount(members, weights=costs[real]).astype(np.float64)
    bytes_ = (tokens * bytes_per_token).astype(np.float64)
    return DocumentLosses((source,) * len(numbers), tuple(numbers.tolist()), tokens, bytes_, nats)


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval.

    Attributes:
        value: The point estimate.
        low: Lower end of the interval; None where no source has two documents.
        high: Upper end of the interval; None likewise.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Mean:
    """A mean with what each document adds to its error.

    Attributes:
        value: The mean.
        influence: Part of the error that comes with each document, (documents,); the squares sum to the variance.
        several: Whether a source has two documents or more, without which nothing is known of the error.
    """

    value: float
    influence: NDArray[np.float64]
    several: bool = True

    @classmethod
    def over(cls, values: Sequence[float]) -> "Mean":
        """The mean of independent values, two at least."""
        found, count = np.array(values, np.float64), len(values)
        influence = (found - found.mean()) / count * math.sqrt(count / (count - 1))
        return cls(float(found.mean()), influence)

    def __sub__(self, other: "Mean") -> "Mean":
        return Mean(self.value - other.value, self.influence - other.influence, self.several)

    def interval(self) -> Interval:
        """The mean with its interval over documents."""
        return over_seeds([self])


def over_seeds(means: Sequence[Mean]) -> Interval:
    """Mean over seeds that were all scored on the same documents, with an interval over documents and seeds.

    The two variances add up; that of the seeds takes Student's quantile at one degree of freedom less than there are
    seeds. The second holds a part of the first, so the interval errs on the wide side. One seed says nothing of other
    seeds: its interval is over documents only.
    """
    value = float(np.mean([mean.value for mean in means]))
    if not means[0].several:
        return Interval(value, None, None)
    squared = Z_95**2 * float((np.mean([mean.influence for mean in means], axis=0) ** 2).sum())
    if len(means) > 1:
        squared += (
            student_quantile(len(means) - 1) ** 2 * float(np.var([mean.value for mean in means], ddof=1)) / len(means)
        )
    half = math.sqrt(squared)
    return Interval(value, value - half, value + half)
