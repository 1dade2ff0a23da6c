"""Losses by document: by hand, against resampled documents, and over seeds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.statistics.losses import DocumentLosses, Mean, over_seeds


def losses(source: str, tokens: list[int], nats: list[float], density: float = 4.0) -> DocumentLosses:
    sizes = np.array(tokens)
    numbers = tuple(range(len(tokens)))
    return DocumentLosses((source,) * len(tokens), numbers, sizes, sizes * density, np.array(nats, dtype=np.float64))


def drawn(documents: int, seed: int) -> DocumentLosses:
    """Documents of two sources whose tokens cost about 4 and 5 nats, some documents more than others."""
    random = np.random.default_rng(seed)
    parts = []
    for source, cost in (("code", 4.0), ("math", 5.0)):
        tokens = random.integers(20, 400, documents)
        parts.append(losses(source, tokens.tolist(), (tokens * random.normal(cost, 0.5, documents)).tolist()))
    return DocumentLosses.joined(parts)


def test_every_source_has_the_same_weight_and_bytes_count_text() -> None:
    both = DocumentLosses.joined([losses("code", [10, 30], [20.0, 40.0]), losses("math", [5], [25.0], density=2.0)])
    assert both.nats_per_token().value == pytest.approx((60 / 40 + 25 / 5) / 2)
    assert both.bits_per_byte().value == pytest.approx((60 / 160 + 25 / 10) / 2 / math.log(2))
    # Documents of code depart from 1.5 nats a token by +5 and -5 nats of 40 tokens, and code is half of the mean.
    variance = 2 * (5 / 40 / 2) ** 2 * 2 / 1
    interval = both.nats_per_token().interval()
    assert interval.high - interval.value == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-5)
    assert interval.value - interval.low == pytest.approx(interval.high - interval.value)


def test_a_source_alone_costs_what_its_documents_do() -> None:
    both = DocumentLosses.joined([losses("code", [10, 30], [20.0, 40.0]), losses("math", [5], [25.0])])
    assert both.of("code").nats_per_token().value == pytest.approx(60 / 40)
    assert both.of("math").same_text(losses("math", [5], [1.0]))
    assert both.of("poems").sources == ()


def test_the_interval_is_that_of_documents_drawn_anew() -> None:
    one = drawn(60, 0)
    random = np.random.default_rng(1)
    means = []
    for _ in range(600):
        picked = np.concatenate([random.integers(0, 60, 60), 60 + random.integers(0, 60, 60)])
        sources = tuple(one.sources[place] for place in picked)
        again = DocumentLosses(sources, tuple(picked.tolist()), one.tokens[picked], one.bytes[picked], one.nats[picked])
        means.append(again.nats_per_token().value)
    interval = one.nats_per_token().interval()
    low, high = np.quantile(means, [0.025, 0.975])
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.15)


def test_a_difference_on_the_same_documents_is_surer_than_the_losses() -> None:
    one = drawn(30, 2)
    better = DocumentLosses(one.sources, one.documents, one.tokens, one.bytes, one.nats - 0.1 * one.tokens)
    assert one.same_text(better)
    gain = (better.nats_per_token() - one.nats_per_token()).interval()
    assert (gain.value, gain.low, gain.high) == pytest.approx((-0.1, -0.1, -0.1))
    assert one.nats_per_token().interval().high - one.nats_per_token().interval().low > 0.05


def test_other_text_is_distinguished() -> None:
    assert not drawn(30, 2).same_text(drawn(29, 2))


def test_seeds_that_differ_widen_the_interval() -> None:
    influence = np.array([0.1, -0.1])
    alone = over_seeds([Mean(4.0, influence)])
    alike = over_seeds([Mean(4.0, influence)] * 3)
    apart = over_seeds([Mean(value, influence) for value in (3.9, 4.0, 4.1)])
    assert alike == alone
    quantile, error = 4.302653, 0.1 / math.sqrt(3)
    half = math.sqrt((1.959964**2) * 2 * 0.1**2 + (quantile * error) ** 2)
    assert apart.value == pytest.approx(4.0) and apart.high - apart.value == pytest.approx(half, rel=1e-5)


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.01, 20)), min_size=1, max_size=20), st.floats(0.5, 8))
def test_a_constant_cost_has_no_error_and_bits_follow_nats(rows: list[tuple[int, float]], cost: float) -> None:
    tokens = [size for size, _ in rows]
    flat = losses("code", tokens, [cost * size for size in tokens]).nats_per_token().interval()
    assert (flat.low, flat.high) == (pytest.approx((cost, cost)) if len(rows) > 1 else (None, None))
    varied = losses("code", tokens, [size * each for size, each in rows])
    assert varied.bits_per_byte().value == pytest.approx(varied.nats_per_token().value / math.log(2) / 4)
