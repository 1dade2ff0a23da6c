"""Axes: labels of values, settings that exist, and the stage that each first changes."""

from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from inkling.components.shared.config import ConfigError
from inkling.pipelines.study.axes import check_setting, labelled, stage_of_axis, with_value

PLAIN = st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), st.text(max_size=8))


@given(st.lists(PLAIN, min_size=1, max_size=6, unique_by=lambda value: str(value).lower()))
def test_every_plain_value_keeps_its_place_and_is_found_by_its_label(values: list[Any]) -> None:
    assume("no pretraining" not in values and not ("none" in values and None in values))
    found = labelled("seed", values)
    assert list(found.values()) == values
    assert all(isinstance(label, str) for label in found)
    assert labelled("seed", found) == found


@given(st.dictionaries(st.text(min_size=1, max_size=6), st.dictionaries(st.text(max_size=3), PLAIN), min_size=1))
def test_a_mapping_gives_each_value_its_own_label(values: dict[str, Any]) -> None:
    if "no pretraining" not in values:
        assert labelled("mixture.recipe", values) == values


@given(
    st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=4),
    st.dictionaries(st.text("xyz", min_size=1, max_size=2), st.integers(), max_size=3),
    st.integers(),
)
def test_a_value_stands_where_its_setting_says_and_nothing_else_changes(
    path: list[str], others: dict[str, int], value: int
) -> None:
    before = yaml.safe_dump(others)
    section: Any = with_value(others, ".".join(path), value)
    assert {key: section[key] for key in others} == others
    for part in path:
        section = section[part]
    assert section == value
    assert yaml.safe_dump(others) == before


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ([], "has no value"),
        ({}, "has no value"),
        ("mix6", "a list of values or a mapping"),
        ([{"reasoning": 1.0}], "needs a label"),
        ([1, "1"], "two values have one label: 1"),
        ({1: "a", "1": "b"}, "two values have one label: 1"),
        (["no pretraining"], "take another one"),
    ],
)
def test_values_that_cannot_be_told_apart_are_refused(stated: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        labelled("mixture.recipe", stated)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("sed", "Did you mean 'seed'"),
        ("mixtur.recipe", "unknown stage of an axis 'mixtur'. Did you mean 'mixture'"),
        ("export.precision", "unknown stage of an axis 'export'"),
        ("adapt.recip", "Did you mean 'adapt.recipe'"),
    ],
)
def test_a_setting_that_no_stage_of_a_study_has_is_refused(setting: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_setting(setting)


def test_an_axis_within_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="'recipe' is a value|'mixture.*' is a value"):
        with_value({"mixture": {"recipe": "mix0"}}, "mixture.recipe.labels", 1)


def test_seed_and_token_budget_first_change_pretraining() -> None:
    settings = ("seed", "token_budget", "pretrain.preset", "mixture.recipe", "encode.encoder", "adapt.recipe")
    assert [stage_of_axis(one) for one in settings] == ["pretrain"] * 3 + ["mixture", "encode", "adapt"]
