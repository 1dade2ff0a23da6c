"""The scan of JSON: its counts are those of the document, however it is cut, and it ends where they are too many."""

import itertools
import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.serve.limits.json_scan import JsonScan, JsonTooComplex

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.text('\\",[]{}'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('a\\"{'), inner),
    max_leaves=20,
)


def counts(value: object) -> tuple[int, int]:
    """Levels, and items: a container counts one, and each value of it after the first one more."""
    if not isinstance(value, list | dict):
        return 0, 0
    inner = [counts(one) for one in (value.values() if isinstance(value, dict) else value)]
    return 1 + max((depth for depth, _ in inner), default=0), max(len(value), 1) + sum(items for _, items in inner)


def passes(text: bytes, depth: int, items: int, cuts: tuple[int, ...] = ()) -> bool:
    scan = JsonScan(depth, items)
    ends = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    try:
        for start, end in itertools.pairwise(ends):
            scan.feed(text[start:end])
    except JsonTooComplex:
        return False
    return True


@given(JSON, st.booleans(), st.lists(st.integers(0, 10_000), max_size=5))
def test_counts_what_the_document_has(value, escaped, cuts):
    text = json.dumps(value, ensure_ascii=escaped).encode(errors="replace")
    depth, items = counts(value)
    assert passes(text, depth, items, tuple(cuts))
    if depth:
        assert not passes(text, depth - 1, items, tuple(cuts))
        assert not passes(text, depth, items - 1, tuple(cuts))


@pytest.mark.parametrize(
    "part", [b"[" * 100, b'{"a":' * 100, b"{},", b"0,", b'"",', b'"\\\\",', b'"\\"",', b"[],", b"\\," + b'"",']
)
def test_twelve_megabytes_end_at_once(part):
    text = b"[" + part * (12_000_000 // len(part))
    tracemalloc.start()
    started = time.process_time()
    assert not passes(text, 64, 10_000)
    assert time.process_time() - started < 0.1
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("text", [b'"' + b"x" * 12_000_000 + b'"', b'"' + b'\\"' * 6_000_000 + b'"', b" " * 12_000_000])
def test_long_strings_take_linear_time_and_no_memory(text):
    started = time.process_time()
    assert passes(text, 1, 1)
    assert time.process_time() - started < 1
