"""What is written as JSON can be read as JSON: no NaN and no Infinity, wherever they stand."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.models.strict_json import to_json

_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_values = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _finite(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


@given(_values)
def test_a_value_is_written_exactly_when_it_is_finite(value: object) -> None:
    if not _finite(value):
        with pytest.raises(ValueError, match="JSON has no such number"):
            to_json(value)
        return
    assert json.loads(to_json(value), parse_constant=_refused) == value


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"law": {"interval": [0.5, math.inf]}}, "law.interval[1] is inf"),
        ([{"value": np.float64("nan")}], "[0].value is nan"),
        (-math.inf, "the value is -inf"),
    ],
)
def test_the_place_is_named(value: object, place: str) -> None:
    with pytest.raises(ValueError, match="JSON has no such number") as refused:
        to_json(value)
    assert str(refused.value).startswith(f"{place}: ")


def test_the_layout_is_that_of_the_library() -> None:
    value = {"b": [1.5, None], "a": "\u00e9"}
    for layout in ({}, {"indent": 2, "sort_keys": True}, {"separators": (",", ":"), "ensure_ascii": False}):
        assert to_json(value, **layout) == json.dumps(value, **layout)
