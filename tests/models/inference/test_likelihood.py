"""Log-likelihoods are sums of log-softmax, and the first of the most likely is chosen."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inkling.models.inference.likelihood import choose, log_likelihood


@given(st.lists(st.lists(st.floats(-50, 50), min_size=4, max_size=4), min_size=1, max_size=5), st.data())
def test_log_likelihood_is_the_sum_of_log_softmax(rows, data):
    answer = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    logits = np.array(rows, np.float32)
    expected = torch.log_softmax(torch.from_numpy(logits).double(), -1)[range(len(answer)), answer].sum()
    assert log_likelihood(logits, answer) == pytest.approx(float(expected), abs=1e-9)


@given(st.lists(st.floats(-100, 0), min_size=1))
def test_the_first_of_the_most_likely_is_chosen(scores: list[float]) -> None:
    assert choose(scores) == scores.index(max(scores))


def test_nothing_to_choose_from_is_refused() -> None:
    with pytest.raises(ValueError):
        choose([])
