"""JSON lines read from any byte on."""

import io
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.corpus import lines
from inkling.components.corpus.lines import EMPTY, HALVED, TOO_LONG, json_lines, parse


@given(st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line)), st.integers(1, 7), st.booleans())
def test_ranges_give_every_line_once(texts: list[bytes], step: int, ended: bool) -> None:
    raw = b"\n".join(texts) + b"\n" * ended
    file = io.BytesIO(raw)
    whole = list(json_lines(file, Counter()))
    pieces = [json_lines(file, Counter(), begin, min(begin + step, len(raw))) for begin in range(0, len(raw), step)]
    assert [line for piece in pieces for line in piece] == whole
    assert [line.strip() for _, line in whole] == [line.strip() for line in texts if line.strip()]
    assert all(raw[place : place + len(line)] == line for place, line in whole)


def test_a_line_that_is_too_long_is_counted_and_read_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST", 4)
    skipped: Counter[str] = Counter()
    found = [line for _, line in json_lines(io.BytesIO(b"ab\n123456789\ncd\n12345678"), skipped)]
    assert found == [b"ab\n", b"cd\n"]
    assert skipped == {TOO_LONG: 2}


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_of_a_line_is_taken_whole_or_counted(text: str) -> None:
    skipped: Counter[str] = Counter()
    found = parse(json.dumps({"text": text}).encode(), "text", "utf-8", skipped)
    if found is None:
        assert set(skipped) <= {EMPTY, HALVED}
        assert skipped.total() == 1
    else:
        assert found.encode()
        assert (found, skipped) == (text, {})
