"""Discrete codes of image features: k-means over standardised tokens (Lloyd, 1982), the same ones each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

_ROUNDING = 1e-5  # of a squared length: below it two tokens are the same
_BLOCK, _SAMPLE = 8192, 8192  # tokens compared at once, and tokens that the centres are found from, at most


@dataclass(frozen=True)
class Codebook:
    """The centres of codes, and how features are standardised before they are compared.

    Attributes:
        mean, deviation: Of each channel (channels,).
        centres: (codes, channels).
    """

    mean: Tensor
    deviation: Tensor
    centres: Tensor


def fit_codes(view: Any, codes: int, iterations: int, seed: int = 0, order: Sequence[int] | None = None) -> Codebook:
    """Finds the centres of the tokens of many images; codes that nothing is nearest to stay where they were.

    Args:
        view: Features (images, tokens, channels), an array or what gives one by rows.
        codes: How many centres, at most as many as there are different tokens.
        iterations: Rounds of assignment and mean.
        seed: Draws the images that are looked at and the first centres.
        order: The images in the order in which they are drawn from; as they are stored if not given.
    """
    random = np.random.default_rng(seed)
    most = max(_SAMPLE // view.shape[1], 1)
    rows = np.sort(random.permutation(view.shape[0])[:most])
    rows = rows if order is None else np.array(order)[rows]
    tokens = torch.from_numpy(np.asarray(view[rows], np.float32)).flatten(0, 1)
    mean, deviation = tokens.mean(0), tokens.std(0).clamp_min(1e-6)
    tokens = (tokens - mean) / deviation
    centres = _first_centres(tokens, codes, random)
    for _ in range(iterations):
        nearest = _nearest(tokens, centres)
        sums = torch.zeros_like(centres).index_add(0, nearest, tokens)
        counts = torch.bincount(nearest, minlength=len(centres))[:, None]
        centres = torch.where(counts > 0, sums / counts.clamp_min(1), centres)
    return Codebook(mean, deviation, centres)


def _first_centres(tokens: Tensor, codes: int, random: np.random.Generator) -> Tensor:
    """Tokens far from one another, by k-means++ (Arthur and Vassilvitskii, 2007); fewer where no others are left."""
    chosen, norms = [tokens[int(random.integers(len(tokens)))]], tokens.square().sum(1)
    distances = torch.full((len(tokens),), torch.inf)
    while len(chosen) < codes:
        apart = norms - 2 * (tokens @ chosen[-1]) + chosen[-1].square().sum()
        distances = torch.minimum(distances, torch.where(apart > _ROUNDING * (1 + norms), apart, 0))
        sums = distances.double().cumsum(0)
        if not sums[-1] > 0:
            break
        chosen.append(tokens[int(torch.searchsorted(sums, sums[-1] * random.random(), right=True))])
    return torch.stack(chosen)


def codes_of(view: Any, book: Codebook) -> Tensor:
    """The code of each token of each image, int64 (images, tokens).

    Args:
        view: Features (images, tokens, channels).
        book: The codes.
    """
    step, count = max(_BLOCK // view.shape[1], 1), view.shape[0]
    found = []
    for first in range(0, count, step):
        rows = np.arange(first, min(first + step, count))
        tokens = torch.from_numpy(np.asarray(view[rows], np.float32)).flatten(0, 1)
        found.append(_nearest((tokens - book.mean) / book.deviation, book.centres))
    return torch.cat(found).reshape(count, view.shape[1])


def _nearest(tokens: Tensor, centres: Tensor) -> Tensor:
    """Index of the nearest centre of each token, the first of equals, int64 (tokens,)."""
    halves = centres.square().sum(1) / 2
    return torch.cat([(part @ centres.T - halves).argmax(1) for part in tokens.split(_BLOCK)])
