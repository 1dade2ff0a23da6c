"""What UTF-8 cannot hold is refused by its place, or written out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.config import ConfigError, read_mapping
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.text import is_text, printable, require_text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
"""Any str, those with halves of characters among them."""


@given(ANY_TEXT)
def test_a_str_is_text_exactly_if_it_can_be_encoded(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        assert not is_text(value)
        with pytest.raises(ConfigError, match="there"):
            require_text(value, "there")
    else:
        assert is_text(value)
        assert printable(value) == value
        require_text(value, "there")
    assert is_text(printable(value))


def test_bytes_and_halves_of_characters_are_written_out() -> None:
    assert printable("caf\udce9 \ud83d \u00e9") == "caf\\xe9 \\ud83d \u00e9"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("x\ud83d", r"file, line 3: 'x\\ud83d' holds \\ud83d, which is no character"),
        ({"a": [1, {"b": "\udcff"}]}, r"file, line 3, a, b: '\\xff' holds"),
        ({"a\udcff": 1}, r"file, line 3: 'a\\xff'"),
        (["x" * 10_000 + "\ud83d"], r"file, line 3: 'x{40}\\ud83d'"),
    ],
)
def test_the_place_is_named_at_any_depth(value: Any, place: str) -> None:
    with pytest.raises(ConfigError, match=place) as refused:
        require_text(value, "file, line 3")
    assert len(str(refused.value)) < 200


@given(st.recursive(ANY_TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3)))
def test_settings_hold_text_or_are_refused_in_words(value: Any) -> None:
    stated = json.dumps({"corpus": value})  # YAML reads it, its escapes too
    try:
        settings = read_mapping(stated)
    except ConfigError as error:
        words = str(error)
    else:
        words = json.dumps(settings, ensure_ascii=False)
    assert is_text(words)


@given(ANY_TEXT)
def test_the_log_takes_any_text(value: str) -> None:
    note(value)
