import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.components.pretrain import data
from inkling.components.pretrain.data import Anneal, BlendBatches, Window


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
    with pytest.raises(ValueError, match="source 's1' has 10 tokens, a sequence takes 11"):
        BlendBatches(_sources([50, 10]), {"s0": 0.5, "s1": 0.5}, 1, 10, 5, seed=0)


def test_no_weight_at_all_is_refused():
    with pytest.raises(ValueError, match="no source has a positive weight"):
        BlendBatches(_sources([50]), {"s0": 0.0}, 1, 10, 5, seed=0)


@settings(deadline=None, max_examples=40)
@given(
    count=st.sampled_from([1, 2, 3, 6, 12]),
    step=st.integers(0, 11),
    block=st.integers(1, 200),
    seed=st.integers(0, 1 << 30),
)
def test_parts_make_up_the_batch_whatever_is_planned_at_once(count, step, block, seed):
    sources, weights = _sources([900, 300, 300]), {"s0": 0.5, "s1": 0.2, "s2": 0.3}
    whole = BlendBatches(sources, weights, 12, 10, 12, seed).batch(step)
    before = data._BLOCK
    data._BLOCK = block
    try:
        batches = BlendBatches(sources, weights, 12, 10, 12, seed)
        parts = [batches.part(step, index, count) for index in range(count)]
        drawn = batches.sequences(step)
    finally:
        data._BLOCK = before
    for name, tensor in whole.items():
        assert torch.equal(torch.cat([part[name] for part in parts]), tensor)
    read = np.bincount([source for source, _ in _place(batches, step)], minlength=3)
    assert list(drawn.values()) == read.tolist()


def test_the_end_of_a_run_reads_another_blend_and_the_start_does_not_know_of_it():
    sources, weights = _sources([3000, 3000, 3000]), {"s0": 0.5, "s2": 0.5}
    plain = BlendBatches(sources, weights, 4, 10, 50, seed=3)
    annealed = BlendBatches(sources, weights, 4, 10, 50, 3, Anneal(40, {"s1": 0.75, "s2": 0.25}))
    for step in range(40):
        assert torch.equal(plain.batch(step)["inputs"], annealed.batch(step)["inputs"])
    drawn = np.bincount([source for source, _ in _place(annealed, 50)[160:]], minlength=3)
    assert np.abs(drawn - [0, 30, 10]).max() <= 2
    assert drawn[0] == 0
    assert annealed.sequences(50)["s1"] == drawn[1]
    windows = [window for step in range(50) for window in annealed.windows(step) if window.source == "s2"]
    assert len(set(windows)) == len(windows)


def test_a_window_tells_where_its_sequence_comes_from():
    batches = BlendBatches(_sources([500, 500]), {"s0": 0.5, "s1": 0.5}, 6, 10, 20, seed=1)
    for step in (0, 7, 19):
        first = [(token >> 12, token & 0xFFF) for token in batches.batch(step)["inputs"][:, 0].tolist()]
        assert batches.windows(step) == [Window(f"s{source}", place) for source, place in first]


def test_shuffled_text_has_the_frequencies_of_its_source_and_no_order() -> None:
    text = np.repeat(np.arange(3, 7), [4_000, 3_000, 2_000, 1_000])  # the same token for thousands of places
    batches = BlendBatches({"s": text}, {"s": 1.0}, 8, 100, 10, seed=0, shuffled=True)
    read = torch.cat([batches.batch(step)["inputs"] for step in range(10)]).numpy()
    shares = np.bincount(read.flatten(), minlength=7)[3:] / read.size
    assert shares == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=0.03)
    assert (read[:, 1:] == read[:, :-1]).mean() < 0.4, "in the text itself nearly every token repeats the one before"
    again = BlendBatches({"s": text}, {"s": 1.0}, 8, 100, 10, seed=0, shuffled=True).batch(3)
    assert torch.equal(again["targets"], batches.batch(3)["targets"])
    assert torch.equal(again["inputs"][:, 1:], again["targets"][:, :-1])
