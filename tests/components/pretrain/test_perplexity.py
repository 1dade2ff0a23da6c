import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.components.artifacts.indexed import IndexedDataset, IndexedWriter
from inkling.components.pretrain.perplexity import (
    clustered_mean,
    heldout_windows,
    score,
    unigram_log_probabilities,
)
from inkling.components.shared.statistics.losses import document_losses
from inkling.components.shared.statistics.quantiles import student_quantile
from inkling.models.inference.text_loss import negative_log_likelihoods

BEGIN, END = 0, 1


def _dataset(path: Path, documents: list[list[list[int]]]) -> IndexedDataset:
    with IndexedWriter(path / "shard", 50) as writer:
        for document in documents:
            writer.add(document)
    return IndexedDataset(path / "shard")


class Repeating(torch.nn.Module):
    """Gives the input token the probability 1 / 2, and each of the other three 1 / 6."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))  # says where the network lies

    def forward(self, input_ids: torch.Tensor, use_cache: bool) -> SimpleNamespace:
        same = torch.nn.functional.one_hot(input_ids, 4).bool()
        return SimpleNamespace(logits=torch.where(same, math.log(1 / 2), math.log(1 / 6)))


def test_perplexity_by_hand(tmp_path: Path):
    dataset = _dataset(tmp_path, [[[3, 3, END]], [[2], [2, 2, END]]])
    heldout = heldout_windows(dataset, context=4, limit=9)
    assert heldout.inputs.tolist() == [[1, 3, 3, 1], [2, 2, 2, 1]]
    assert heldout.targets.tolist() == [[3, 3, 1, 2], [2, 2, 1, 1]]
    assert heldout.documents.tolist() == [[0, 0, 0, 1], [1, 1, 1, -1]]
    costs = negative_log_likelihoods(Repeating(), heldout)
    two, six = math.log(2), math.log(6)
    np.testing.assert_allclose(costs[:, :3], [[six, two, six], [two, two, six]], rtol=1e-6)
    unigram = unigram_log_probabilities({"a": np.array([0, 1, 1, 2])}, {"a": 1.0}, tokens=4)
    result = score(costs, heldout, unigram, bytes_per_token=3.0)
    assert (result.tokens, result.documents) == (7, 2)
    # Seven tokens: four that change (1 -> 3, 3 -> end, end -> 2, 2 -> end), three that stay.
    mean = (4 * six + 3 * two) / 7
    assert result.model_nll == pytest.approx(mean, rel=1e-6)
    assert result.model_perplexity == pytest.approx(math.exp(mean), rel=1e-6)
    assert result.bits_per_byte == pytest.approx(mean / math.log(2) / 3, rel=1e-6)
    documents = document_losses("code", costs, heldout.documents, bytes_per_token=3.0)
    assert (documents.sources, documents.documents) == (("code", "code"), (0, 1))
    assert (documents.tokens.tolist(), documents.bytes.tolist()) == ([3, 4], [9.0, 12.0])
    np.testing.assert_allclose(documents.nats, [2 * six + two, 2 * six + 2 * two], rtol=1e-6)
    residual = 2 * six + two - 3 * mean
    half = 12.7062 * math.sqrt(2 * residual**2 * 2 / 1) / 7
    np.testing.assert_allclose(result.interval, [math.exp(mean - half), math.exp(mean + half)], rtol=1e-5)
    # Counts with one added: 1, 2, 2, 3 of 8. Targets: two 3s, two ends, three 2s.
    assert result.unigram_nll == pytest.approx(-(2 * math.log(3 / 8) + 5 * math.log(2 / 8)) / 7)


def test_the_unigram_model_follows_the_weights():
    counts = {"a": np.array([10, 0]), "b": np.array([0, 1000])}
    probabilities = np.exp(unigram_log_probabilities(counts, {"a": 0.75, "b": 0.25}, tokens=98))
    np.testing.assert_allclose(probabilities, [(0.75 * 98 + 1) / 100, (0.25 * 98 + 1) / 100])


@settings(deadline=None, max_examples=40)
@given(
    documents=st.lists(
        st.lists(st.lists(st.integers(2, 49), min_size=1, max_size=9), min_size=1, max_size=3), min_size=1
    ),
    context=st.integers(2, 7),
)
def test_every_token_is_scored_once_in_its_document(documents, context, tmp_path_factory):
    begun = [[[BEGIN, *document[0]], *document[1:]] for document in documents]
    dataset = _dataset(tmp_path_factory.mktemp("shard"), begun)
    heldout = heldout_windows(dataset, context, limit=10_000)
    real = heldout.documents >= 0
    flat = [[token for sequence in document for token in sequence] for document in documents]
    for index, document in enumerate(flat):
        assert heldout.targets[heldout.documents == index].tolist() == document, "what begins a document is not scored"
    read = [token for document in flat for token in (BEGIN, *document[:-1])]
    assert heldout.inputs[real].tolist() == read


def test_a_limit_picks_windows_from_all_over_the_text(tmp_path: Path):
    dataset = _dataset(tmp_path, [[[number] * 10] for number in range(2, 42)])
    heldout = heldout_windows(dataset, context=10, limit=5)
    assert heldout.documents[:, 0].tolist() == [0, 10, 20, 29, 39]


def test_the_interval_is_wider_where_documents_differ():
    same = np.tile([1.0, 3.0], 20)
    apart = np.repeat([1.0, 3.0], 20)
    clusters = np.repeat(np.arange(10), 4)
    assert clustered_mean(same, clusters) == (2.0, 0.0)
    mean, half = clustered_mean(apart, clusters)
    assert mean == 2.0
    assert half == pytest.approx(student_quantile(9) * math.sqrt(10 * 4**2 * 10 / 9) / 40)


def test_one_document_gives_no_bound():
    assert clustered_mean(np.array([1.0, 2.0]), np.array([0, 0])) == (1.5, None)
