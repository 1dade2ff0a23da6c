"""Compressed bodies: whole whatever the cuts, refused where damaged, and never larger than a block at a time."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.serve.limits.inflate import Damaged, Inflation


@given(
    st.binary(max_size=2000), st.integers(1, 500), st.integers(1, 100), st.sampled_from([gzip.compress, zlib.compress])
)
def test_comes_back_whole(content, repeats, cut, compress):
    content *= repeats
    packed, inflation = compress(content), Inflation()
    parts = [packed[start : start + cut] for start in range(0, len(packed), cut)]
    assert b"".join(block for part in parts for block in inflation.feed(part)) == content
    inflation.end()


def test_a_bomb_comes_in_blocks():
    blocks = Inflation().feed(gzip.compress(bytes(50_000_000)))
    assert {len(next(blocks)) for _ in range(20)} == {1 << 16}


@pytest.mark.parametrize(
    "packed", [b"nonsense", gzip.compress(b"a")[:-9], gzip.compress(b"a") + b"b", gzip.compress(b"a") * 2, b""]
)
def test_damage_is_named(packed):
    def read() -> None:
        inflation = Inflation()
        list(inflation.feed(packed))
        inflation.end()

    with pytest.raises(Damaged, match="the (compressed )?body"):
        read()
