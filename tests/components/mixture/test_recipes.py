"""Recipes: the paper's table, a user's own shares, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.mixture import recipes
from inkling.components.mixture.recipes import named_recipes, shares
from inkling.components.shared.config import ConfigError

SOURCES = ("web-crawl", "encyclopedia", "academia", "literature", "math", "code")


def test_the_table_is_the_papers() -> None:
    assert list(named_recipes()) == [f"mix{i}" for i in range(11)]
    assert all(tuple(row) == SOURCES for row in named_recipes().values())
    assert shares("mix6") == pytest.approx(dict(zip(SOURCES, (0.4, 0.08, 0.05, 0.02, 0.1, 0.35), strict=True)))
    assert shares("mix0") == pytest.approx(dict(zip(SOURCES, (0.5, 0.025, 0.025, 0.2, 0.05, 0.2), strict=True)))


@pytest.mark.parametrize("name", [f"mix{i}" for i in range(11)])
def test_printed_percentages_are_normalised(name: str) -> None:
    assert sum(shares(name).values()) == pytest.approx(1, abs=1e-12)


def test_reasoning_and_visual_shares_are_those_the_paper_prints() -> None:
    """LSBS Table 4 (reasoning and visual combination of each source) times Table 2 gives its last columns for mix6."""
    reasoning = dict(zip(SOURCES, (10.0, 3.4, 83.3, 9.1, 92.9, 97.3), strict=True))
    visual = dict(zip(SOURCES, (26.9, 12.4, 5.3, 33.5, 8.0, 3.7), strict=True))
    mix6 = shares("mix6")
    assert sum(mix6[source] * reasoning[source] for source in SOURCES) == pytest.approx(52.0, abs=0.05)
    assert sum(mix6[source] * visual[source] for source in SOURCES) == pytest.approx(14.8, abs=0.05)


@given(
    st.dictionaries(st.sampled_from(SOURCES), st.integers(0, 50), min_size=1).filter(lambda row: sum(row.values()) > 0)
)
def test_own_shares_are_kept_and_zeros_left_out(parts: dict[str, int]) -> None:
    total = sum(parts.values())
    own = {source: part / total for source, part in parts.items()}
    assert shares(own) == pytest.approx({source: share for source, share in own.items() if share})


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99).filter(lambda x: x > 1e-5))
def test_shares_that_do_not_sum_to_one_are_refused(first: float, second: float) -> None:
    total = first + second
    if abs(total - 1) > recipes.SHARES_TOLERANCE:
        with pytest.raises(ConfigError, match=r"the shares sum to .*, they must sum to 1"):
            shares({"code": first, "math": second})


def test_the_sum_is_named() -> None:
    with pytest.raises(ConfigError, match=r"the shares sum to 0\.9, they must sum to 1"):
        shares({"code": 0.5, "math": 0.4})


@pytest.mark.parametrize("share", [-0.5, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=r"the share of 'code' is .*: it must lie between 0 and 1"):
        shares({"code": share, "math": 1 - share})


def test_no_shares_at_all_are_refused() -> None:
    with pytest.raises(ConfigError, match="the shares sum to 0"):
        shares({})


def test_a_source_alone_is_a_recipe() -> None:
    assert shares("law") == {"law": 1.0}


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True).filter(lambda name: name not in named_recipes()))
def test_any_name_may_be_that_of_a_source(name: str) -> None:
    assert shares(name) == shares({name: 1.0}) == {name: 1.0}


def test_a_row_that_is_no_rounding_of_a_whole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    named_recipes.cache_clear()
    monkeypatch.setattr(recipes, "read_mapping", lambda text: {"odd": {"code": 99.4}})
    with pytest.raises(ConfigError, match=r"recipe 'odd' sums to 99\.4 percent"):
        named_recipes()
    named_recipes.cache_clear()
