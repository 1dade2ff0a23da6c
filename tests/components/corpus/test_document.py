"""The seeded order depends on the seed and the names alone."""

from hypothesis import given
from hypothesis import strategies as st

from inkling.components.corpus.document import hash_order, unit_hash


@given(st.sets(st.text(max_size=8), max_size=30), st.integers(0, 9))
def test_order_ignores_the_order_of_arrival(names: set[str], seed: int) -> None:
    ordered = hash_order(seed)(sorted(names))
    assert sorted(ordered) == sorted(names)
    assert hash_order(seed)(sorted(names, reverse=True)) == ordered


def test_seeds_give_different_orders() -> None:
    names = [str(i) for i in range(50)]
    assert hash_order(0)(names) != hash_order(1)(names)


def test_draws_are_uniform_and_differ_by_purpose() -> None:
    draws = [unit_hash(0, "heldout", str(i)) for i in range(2_000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert 0.21 < sum(draw < 0.25 for draw in draws) / len(draws) < 0.29
    assert unit_hash(0, "heldout", "1") != unit_hash(0, "order", "1")
