"""How well held-out text is predicted: the model's perplexity per source, beside that of a unigram model."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inkling.components.artifacts.indexed import IndexedDataset
from inkling.components.shared.statistics.losses import DocumentLosses, document_losses
from inkling.components.shared.statistics.quantiles import student_quantile
from inkling.models.inference.text_loss import negative_log_likelihoods
from inkling.models.sequence.heldout import Heldout
from inkling.models.sequence.special_tokens import BOS_ID, EOS_ID

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Perplexity:
    """Scores of one source; logarithms are natural, per token.

    Attributes:
        tokens: Tokens scored.
        documents: Documents they come from.
        model_nll: Mean negative log-likelihood under the model.
        bits_per_byte: The same in bits per byte of text, which does not depend on the tokenizer.
        model_perplexity: Its exponential.
        interval: 95 % interval of the model's perplexity, clustered by document; None where there is one document.
        unigram_nll: Mean negative log-likelihood of the same tokens under the unigram model.
        unigram_perplexity: Its exponential.
    """

    tokens: int
    documents: int
    model_nll: float
    bits_per_byte: float
    model_perplexity: float
    interval: tuple[float, float] | None
    unigram_nll: float
    unigram_perplexity: float


def heldout_windows(dataset: IndexedDataset, context: int, limit: int) -> Heldout:
    """Cuts held-out text into windows that follow one another, or picks windows evenly spread over it.

    Args:
        dataset: The text, a document after another.
        context: Tokens per window.
        limit: Windows at most.
    """
    tokens = np.asarray(dataset.tokens, dtype=np.int64)
    lengths = np.diff(np.concatenate([[0], np.cumsum(dataset.lengths, dtype=np.int64)])[dataset.documents])
    owner = np.where(tokens == BOS_ID, -1, np.repeat(np.arange(len(lengths)), lengths))
    count = -(-len(tokens) // context)
    missing = count * context - len(tokens)
    stream = np.concatenate([[EOS_ID], tokens, np.full(missing, EOS_ID)])
    owners = np.concatenate([owner, np.full(missing, -1)]).reshape(count, context)
    picked = np.linspace(0, count - 1, min(limit, count)).round().astype(np.int64)
    inputs, targets = stream[:-1].reshape(count, context), stream[1:].reshape(count, context)
    return Heldout(inputs[picked], targets[picked], owners[picked])


def unigram_log_probabilities(
    counts: Mapping[str, NDArray[np.int64]], weights: Mapping[str, float], tokens: int
) -> Floats:
    """A unigram model of the mixture, smoothed by adding one to every count.

    Args:
        counts: How often each token occurs in each source, (vocabulary,).
        weights: Share of each source in the mixture.
        tokens: Tokens of the mixture that it is estimated on.

    Returns:
        Natural log-probability of each token, (vocabulary,).
    """
    expected = sum(weights[name] * count / count.sum() for name, count in counts.items()) * tokens + 1.0
    return np.log(expected / expected.sum())


def score(costs: Floats, heldout: Heldout, unigram: Floats, bytes_per_token: float) -> Perplexity:
    """Sums costs up to the perplexity of a source.

    Args:
        costs: What each target costs under the model, (windows, context).
        heldout: The windows.
        unigram: Log-probability of each token under the unigram model.
        bytes_per_token: Bytes of text that a token of the source stands for.
    """
    real = heldout.documents >= 0
    documents = np.unique(heldout.documents[real], return_inverse=True)[1]
    mean, half = clustered_mean(costs[real], documents)
    unigram_nll = float(-unigram[heldout.targets[real]].mean())
    return Perplexity(
        tokens=int(real.sum()),
        documents=int(documents.max()) + 1,
        model_nll=mean,
        bits_per_byte=mean / math.log(2) / bytes_per_token,
        model_perplexity=math.exp(mean),
        interval=None if half is None else (math.exp(mean - half), math.exp(mean + half)),
        unigram_nll=unigram_nll,
        unigram_perplexity=math.exp(unigram_nll),
    )


def clustered_mean(values: Floats, clusters: NDArray[np.int64]) -> tuple[float, float | None]:
    """Mean of values that share clusters, and the half width of its 95 % interval.

    The linearised variance of a ratio, with the factor G / (G - 1) for G clusters, and Student's quantile at G - 1
    degrees of freedom; None with a single cluster.
    """
    mean = float(values.mean())
    sums = np.bincount(clusters, weights=values - mean)
    count = len(sums)
    if count == 1:
        return mean, None
    deviation = math.sqrt(float((sums**2).sum()) * count / (count - 1)) / len(values)
    return mean, student_quantile(count - 1) * deviation


def score_sources(
    network: torch.nn.Module,
    windows: Mapping[str, Heldout],
    bytes_per_token: Mapping[str, float],
    unigram: Floats,
    advance: Callable[[], object],
) -> tuple[dict[str, dict[str, Any]], DocumentLosses]:
    """Scores every source's held-out text.

    Args:
        network: The language model, in evaluation mode.
        windows: Held-out text by source.
        bytes_per_token: Bytes of text that a token of each source stands for.
        unigram: Log-probability of each token under the unigram model.
        advance: Called when a source is done.

    Returns:
        The fields of `Perplexity` by source, and what each document costs.
    """
    results, documents = {}, []
    for name, heldout in windows.items():
        costs, density = negative_log_likelihoods(network, heldout), bytes_per_token[name]
        results[name] = asdict(score(costs, heldout, unigram, density))
        documents.append(document_losses(name, costs, heldout.documents, density))
        advance()
    return results, DocumentLosses.joined(documents)
