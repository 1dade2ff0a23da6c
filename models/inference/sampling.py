"""How the next token is drawn from its distribution: greedily, or by temperature and nucleus, reproducibly by seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.models.inference.likelihood import log_softmax


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        temperature: What logits are divided by; 0 takes the most likely token at each step.
        top_p: The most likely tokens that together have this probability are drawn from, the rest never (Holtzman et
            al., 2020, arXiv 1904.09751); 1 draws from all.
        seed: Of the numbers that are drawn: the same request with the same seed has the same answer.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses what cannot be sampled from."""
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature is {self.temperature}; give 0 (the most likely tokens) or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; give more than 0, and 1 at most")


class TokenSampler:
    """Draws the tokens of one sequence; what its neighbours draw changes nothing."""

    def __init__(self, sampling: Sampling) -> None:
        """Seeds a generator of its own."""
        self.greedy = sampling.temperature == 0
        self._sampling = sampling
        self._random = np.random.default_rng(abs(sampling.seed))

    def draw(self, logits: NDArray[np.float32]) -> int:
        """The next token, given its logits (vocabulary,)."""
        if self.greedy:
            return int(logits.argmax())
        wide = logits.astype(np.float64)
        shares = np.exp(log_softmax((wide - wide.max()) / self._sampling.temperature))  # (vocabulary,)
        order = np.argsort(-shares, kind="stable")
        heap = shares[order].cumsum()  # (vocabulary,)
        kept = 1 + int(np.searchsorted(heap, self._sampling.top_p * heap[-1]))
        kept = min(kept, len(order))
        return int(order[np.searchsorted(heap[:kept], self._random.random() * heap[kept - 1], side="right")])
