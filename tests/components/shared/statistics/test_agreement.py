"""Agreement against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from inkling.components.shared.statistics.agreement import agreement, bootstrap_weights, kappa


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 9)), min_size=2, max_size=40))
def test_kappa_is_that_of_scikit_learn(rows: list[tuple[bool, bool, int]]) -> None:
    first, second, weights = (np.array(column) for column in zip(*rows, strict=True))
    table = np.array([weights[(first == a) & (second == b)].sum() for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))])
    ours = kappa(table.astype(float))
    with np.errstate(all="ignore"):
        theirs = cohen_kappa_score(first, second, labels=[False, True], sample_weight=weights)
    assert np.isnan(ours) == np.isnan(theirs)
    assert np.isnan(ours) or ours == pytest.approx(theirs)


def test_kappa_by_hand() -> None:
    """Cohen 1960: 20 + 15 agree, 5 + 10 do not; 0.7 observed, 0.5 by chance."""
    assert kappa(np.array([20.0, 5.0, 10.0, 15.0])) == pytest.approx(0.4)


def test_readers_who_never_differ_agree_with_an_interval_of_no_width() -> None:
    flags = np.array([True, False, True, False])
    replicates = bootstrap_weights(np.ones(4), ["a"] * 4, list("pqrs"), ["a"] * 4, 50, np.random.default_rng(0))
    found = agreement("code", flags, flags, np.ones(4), replicates)
    assert (found.agreement.value, found.agreement.low, found.agreement.high) == (1.0, 1.0, 1.0)
    assert found.counts == (2, 0, 0, 2)


def test_every_replicate_keeps_the_size_of_its_strata_and_draws_whole_clusters() -> None:
    weights = np.array([2.0, 2.0, 3.0, 3.0])
    drawn = bootstrap_weights(weights, ["a"] * 4, list("pppq"), list("xxyy"), 200, np.random.default_rng(0))
    x, y = drawn[:, :2].sum(axis=1), drawn[:, 2:].sum(axis=1)
    assert set(np.round(x, 9)) <= {0.0, 4.0} and np.allclose(y, 6.0)
    assert np.array_equal(drawn[:, 0], drawn[:, 1])
