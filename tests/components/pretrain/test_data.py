import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.components.pretrain.data import BlendBatches


def _sources(lengths: list[int]) -> dict[str, np.ndarray]:
    """Every token tells its source and its place."""
    return {f"s{index}": (index << 12 | np.arange(length)).astype(np.uint16) for index, length in enumerate(lengths)}


def _place(batches: BlendBatches, steps: int) -> list[tuple[int, int]]:
    rows = [row for step in range(steps) for row in batches.batch(step)["inputs"][:, 0].tolist()]
    return [(row >> 12, row & 0xFFF) for row in rows]


@settings(deadline=None, max_examples=50)
@given(
    lengths=st.lists(st.integers(20, 400), min_size=1, max_size=4),
    weights=st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4),
    batch=st.integers(1, 5),
    context=st.integers(2, 19),
    seed=st.integers(0, 1 << 30),
    asked=st.lists(st.integers(0, 11), min_size=1, max_size=8),
)
def test_a_batch_is_a_pure_function_of_the_step(lengths, weights, batch, context, seed, asked):
    sources = _sources(lengths)
    shares = dict(zip(sources, weights, strict=False))
    forward = BlendBatches(sources, shares, batch, context, 12, seed)
    expected = [forward.batch(step) for step in range(12)]
    longer = BlendBatches(dict(reversed(sources.items())), shares, batch, context, 40, seed)
    for step in asked:
        for name, tensor in longer.batch(step).items():
            assert tensor.shape == (batch, context)
            assert torch.equal(tensor, expected[step][name])
        taken = expected[step]
        assert torch.equal(taken["targets"][:, :-1], taken["inputs"][:, 1:])
        assert torch.equal(taken["targets"], taken["inputs"] + 1)


def test_another_seed_gives_another_order():
    sources = _sources([400, 400])
    weights = {"s0": 0.5, "s1": 0.5}
    orders = [_place(BlendBatches(sources, weights, 2, 10, 20, seed), 20) for seed in (0, 1)]
    assert orders[0] != orders[1]


def test_every_prefix_holds_the_sources_in_their_shares():
    sources = _sources([2000, 2000, 2000, 2000])
    weights = {"s0": 0.5, "s1": 0.3, "s2": 0.2, "s3": 0.0}
    places = _place(BlendBatches(sources, weights, 4, 10, 100, seed=3), 100)
    for count in (50, 100, 400):
        drawn = np.bincount([source for source, _ in places[:count]], minlength=4)
        assert np.abs(drawn - count * np.array([0.5, 0.3, 0.2, 0.0])).max() <= 4
        assert drawn[3] == 0


def test_a_source_is_read_whole_before_any_of_it_is_read_again():
    batches = BlendBatches(_sources([1000]), {"s0": 1.0}, 1, 10, 250, seed=1)
    first = [place for _, place in _place(batches, 99)]
    assert len({place // 10 for place in first}) == 99
    again = [place for _, place in _place(batches, 250)][100:198]
    assert first != again[: len(first)]
    assert {place % 10 for place in first[:90]} != {place % 10 for place in again[10:90]}


def test_a_source_that_is_too_short_is_named():
    with pytest.raises(ValueError, match="source 's1' has 10 tokens: a sequence takes 11"):
        BlendBatches(_sources([50, 10]), {"s0": 0.5, "s1": 0.5}, 1, 10, 5, seed=0)


def test_no_weight_at_all_is_refused():
    with pytest.raises(ValueError, match="no source has a positive weight"):
        BlendBatches(_sources([50]), {"s0": 0.0}, 1, 10, 5, seed=0)
