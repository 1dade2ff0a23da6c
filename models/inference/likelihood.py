"""How likely an answer is, and which choice that makes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def log_likelihood(logits: NDArray[np.float32], answer: Sequence[int]) -> float:
    """Log-probability of an answer in nats: the sum over its tokens, in double precision.

    Args:
        logits: Logits that predict each token (tokens, vocabulary).
        answer: Ids of the tokens.
    """
    wide = logits.astype(np.float64)
    peak = wide.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(wide - peak).sum(axis=1)) + peak[:, 0]  # (tokens,)
    return float((wide[np.arange(len(answer)), list(answer)] - log_sums).sum())


def choose(log_likelihoods: Sequence[float]) -> int:
    """Index of the most likely choice, the first of equals.

    Raises:
        ValueError: If there is nothing to choose from.
    """
    return max(range(len(log_likelihoods)), key=log_likelihoods.__getitem__)
