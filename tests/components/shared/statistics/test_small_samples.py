"""However small a sample is, its statistics are finite numbers or None: one question, one image, one document."""

import dataclasses
import math
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.statistics.agreement import agreement, bootstrap_weights
from inkling.components.shared.statistics.intervals import (
    accuracy,
    clustered_mean,
    difference_of_shares,
    mcnemar,
    paired_difference,
)
from inkling.components.shared.statistics.losses import DocumentLosses, Mean, over_seeds

few = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 2), st.sampled_from("ab")), min_size=1, max_size=4
)
documents = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 50), st.floats(0, 1e6), st.floats(0.1, 8)), min_size=1, max_size=4
)


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    """A division by nothing warns before it makes a NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def sound(result: object) -> bool:
    """Whether every number in a result is finite, and an interval has both ends, around its value, or neither."""
    if isinstance(result, tuple | list):
        return all(map(sound, result))
    if isinstance(result, dict):
        if "low" in result and result["low"] is not None:
            assert result["low"] <= result["value"] + 1e-9
            assert result["value"] <= result["high"] + 1e-9
        elif "low" in result:
            assert result["high"] is None
        return all(map(sound, result.values()))
    return result is None or isinstance(result, str) or math.isfinite(result)  # type: ignore[arg-type]


@given(few)
def test_answers(rows: list[tuple[bool, bool, int, str]]) -> None:
    first, second, images, groups = ([row[index] for row in rows] for index in range(4))
    estimates = [
        accuracy(first, images),
        clustered_mean(first, images, groups),
        paired_difference(first, second, images, groups),
        mcnemar(first, second),
    ]
    assert all(sound(dataclasses.asdict(estimate)) for estimate in estimates)
    alone = len(set(images)) == 1
    assert all((one.low is None) == alone for one in estimates[:-1])


@given(st.integers(0, 3), st.integers(0, 3), st.data())
def test_shares(first_total: int, second_total: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, first_total)), data.draw(st.integers(0, second_total))
    interval = difference_of_shares(hits[0], first_total, hits[1], second_total)
    assert (interval is None) == (0 in (first_total, second_total))
    assert sound(interval)


@given(st.lists(documents, min_size=1, max_size=3))
def test_losses(seeds: list[list[tuple[str, int, float, float]]]) -> None:
    rows = seeds[0]
    sources, tokens = tuple(row[0] for row in rows), np.array([row[1] for row in rows])
    means: list[Mean] = []
    for other in seeds:
        nats = np.array([row[2] for row in (other * 4)[: len(rows)]])
        losses = DocumentLosses(sources, tuple(range(len(rows))), tokens, tokens * rows[0][3], nats)
        means += [losses.nats_per_token()]
        assert sound(dataclasses.asdict(losses.bits_per_byte().interval()))
    interval = over_seeds(means)
    assert sound(dataclasses.asdict(interval))
    if len(set(sources)) == len(sources):
        assert interval.low is None
    assert sound(dataclasses.asdict((means[0] - means[-1]).interval()))


@given(few, st.integers(1, 4), st.integers(0, 9))
def test_agreement(rows: list[tuple[bool, bool, int, str]], replicates: int, seed: int) -> None:
    first, second = (np.array([row[index] for row in rows]) for index in range(2))
    groups = [row[3] for row in rows]
    clusters = [f"{row[3]}{row[2]}" for row in rows]
    weights = np.arange(1, len(rows) + 1) / 2
    drawn = bootstrap_weights(weights, groups, clusters, groups, replicates, np.random.default_rng(seed))
    found = agreement("code", first, second, weights, drawn)
    for one in (found.agreement, found.kappa):
        assert all(number is None or math.isfinite(number) for number in (one.value, one.low, one.high))
        assert (one.low is None) == (one.high is None)
        if len(set(clusters)) == len(set(groups)):
            assert one.low is None
    assert math.isfinite(found.first)
    assert math.isfinite(found.second)
