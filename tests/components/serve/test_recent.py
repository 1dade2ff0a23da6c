"""The least recently used goes first, and no more is held than may be."""

from hypothesis import given
from hypothesis import strategies as st

from inkling.components.serve.recent import RecentResults


def test_the_least_recently_used_goes_first() -> None:
    recent = RecentResults(3)
    for key in "abc":
        recent.put("image", key, key.upper(), 1)
    assert recent.get("image", "a") == "A"
    recent.put("image", "d", "D", 1)
    assert [recent.get("image", key) for key in "abcd"] == ["A", None, "C", "D"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_no_more_is_held_than_may_be(puts: list[tuple[int, int]]) -> None:
    recent = RecentResults(10)
    sizes: dict[int, int] = {}
    for key, size in puts:
        recent.put("image", key, size, size)
        sizes[key] = size if size <= 10 else sizes.get(key, 0)
        held = [kept for other in range(6) if (kept := recent.get("image", other)) is not None]
        assert sum(held) <= 10
        assert size > 10 or recent.get("image", key) == size


def test_nothing_is_kept_without_memory() -> None:
    assert not RecentResults(0).keeps
