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
    return float(token_log_probabilities(logits, answer).sum())


def token_log_probabilities(logits: NDArray[np.float32], tokens: Sequence[int]) -> NDArray[np.float64]:
    """Log-probability of each token in nats (tokens,), in double precision.

    Args:
        logits: Logits that predict each token (tokens, vocabulary).
        tokens: Ids of the tokens.
    """
    wide = logits.astype(np.float64)
    peak = wide.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(wide - peak).sum(axis=1)) + peak[:, 0]  # (tokens,)
    found: NDArray[np.float64] = wide[np.arange(len(tokens)), list(tokens)] - log_sums
    return found


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-probability of every token in nats, over the last axis, in double precision."""
    wide = logits.astype(np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


def choose(log_likelihoods: Sequence[float]) -> int:
    """Index of the most likely choice, the first of equals.

    Raises:
        ValueError: If there is nothing to choose from.
    """
    return max(range(len(log_likelihoods)), key=log_likelihoods.__getitem__)
