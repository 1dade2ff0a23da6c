"""A labeller that goes by meaning: a linear head on a sentence encoder, fitted to a few passages for each label.

The head is fitted to `seeds.yaml` and to nothing else. It could be distilled from the lexicon's sure cases, but then
the two would agree because one copies the other; as it is, their agreement (`inkling labels audit`) is evidence. What
it costs is accuracy: some ninety passages draw a coarse line.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import yaml
from numpy.typing import NDArray

from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.label.embedding_encoder import SentenceEncoder
from inkling.components.shared.statistics.agreement import kappa

_SEEDS = Path(__file__).with_name("seeds.yaml")
_PARTS = 11
Vectors = NDArray[np.float32]


class Embedding:
    """Labels a text by a linear head on the window of it that shows a label most.

    Attributes:
        thresholds: Score from which a text carries each label, (6,).
        agreement: Cohen's kappa of each label on the passages when each is judged by a head that has not seen it, (6,);
            an upper bound, since the threshold is chosen on the same scores.
    """

    def __init__(self, encoder: SentenceEncoder, passages: Sequence[str], flags: Flags) -> None:
        """Fits one logistic regression a label, and the threshold at which it does best on passages left out."""
        self._encoder = encoder
        texts, vectors = encoder(passages)
        if len(texts) != len(passages):
            raise ValueError("a passage to fit the head to must fit into one window")
        heads = [_fit(vectors, column) for column in flags.T]
        self._weights = np.stack([weight for weight, _ in heads], axis=1)
        self._bias = np.array([bias for _, bias in heads])
        chosen = [_threshold(_left_out(vectors, column), column) for column in flags.T]
        self.thresholds, self.agreement = np.array(chosen).T

    @classmethod
    def load(cls) -> Self:
        """The labeller fitted to `seeds.yaml`.

        Raises:
            FetchError: If the encoder's package cannot be had.
        """
        seeds = yaml.safe_load(_SEEDS.read_text())
        flags = np.array([[label in seed["labels"] for label in LABELS] for seed in seeds])
        return cls(SentenceEncoder(), [seed["text"] for seed in seeds], flags)

    def __call__(self, texts: Sequence[str]) -> Flags:
        """Flags of each text, (texts, 6)."""
        return self.scores(texts) >= self.thresholds

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The highest score that a window of each text has for each label, (texts, 6), in log-odds."""
        scores = np.full((len(texts), len(LABELS)), -np.inf)
        if texts:
            owners, vectors = self._encoder(texts)
            np.maximum.at(scores, owners, vectors @ self._weights + self._bias)
        return scores


def _fit(vectors: Vectors, flags: Flags) -> tuple[NDArray[np.float64], float]:
    """Weights and bias of a logistic regression that counts both classes alike."""
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(class_weight="balanced", max_iter=1_000).fit(vectors.astype(np.float64), flags)
    return head.coef_[0], float(head.intercept_[0])


def _left_out(vectors: Vectors, flags: Flags) -> NDArray[np.float64]:
    """The score of each passage under a head fitted without it and without every eleventh passage from it."""
    scores = np.empty(len(vectors))
    parts = np.arange(len(vectors)) % _PARTS
    for part in range(_PARTS):
        weight, bias = _fit(vectors[parts != part], flags[parts != part])
        scores[parts == part] = vectors[parts == part] @ weight + bias
    return scores


def _threshold(scores: NDArray[np.float64], flags: Flags) -> tuple[float, float]:
    """The threshold between two scores with the highest kappa, the middle one of equals, and that kappa."""
    ordered = np.sort(scores)
    between = (ordered[1:] + ordered[:-1]) / 2
    flagged = scores >= between[:, None]
    cells = np.stack([(flagged & flags), (flagged & ~flags), (~flagged & flags), (~flagged & ~flags)], axis=-1).sum(
        axis=1
    )
    kappas = kappa(cells.astype(np.float64))
    best = np.flatnonzero(kappas >= np.nanmax(kappas) - 1e-12)
    return float(between[best[len(best) // 2]]), float(np.nanmax(kappas))
