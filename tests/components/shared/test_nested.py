"""A smaller part lies within a larger one, whatever order the names came in."""

from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.nested import nested_part


@given(st.sets(st.text(max_size=4), max_size=30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 99))
def test_parts_are_nested_and_of_the_size_asked(names: set[str], fewer: int, more: int, seed: int) -> None:
    fewer, more = sorted((fewer, more))
    small, large = (nested_part(names, count, seed, 0) for count in (fewer, more))
    assert small <= large <= names
    assert (len(small), len(large)) == (min(fewer, len(names)), min(more, len(names)))
    assert nested_part(sorted(names, reverse=True), more, seed, 0) == large


def test_seeds_and_draws_order_otherwise() -> None:
    names = [str(number) for number in range(100)]
    drawn = [frozenset(nested_part(names, 50, seed, draw)) for seed in (0, 1) for draw in (0, 1)]
    assert len(set(drawn)) == 4
