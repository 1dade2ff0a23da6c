"""Any bytes in a table or a text file are taken as text, or counted."""

import tempfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.corpus.catalogue import FileSource
from inkling.components.corpus.files import pinned
from inkling.components.corpus.lines import EMPTY, UNDECODABLE
from inkling.components.corpus.spans import documents, units_of_files
from inkling.components.shared.text import is_text

SOURCE = FileSource(quality="real", description="notes", licence="CC0-1.0", files=["*"])


def read(path: Path) -> tuple[list[str], Counter[str]]:
    """The texts of a file, and what was skipped."""
    skipped: Counter[str] = Counter()
    units = units_of_files(SOURCE, [pinned(path, path.name)], 0)
    return [found.text for spans in units for span in spans for found in documents(SOURCE, span, skipped)], skipped


def decoded(values: list[bytes]) -> list[str]:
    """Those of them that are UTF-8 and not blank."""
    texts = (value.decode(errors="surrogateescape").lstrip("\ufeff") for value in values)
    return [text for text in texts if is_text(text) and text.strip()]


@given(st.lists(st.binary(max_size=8) | st.text(max_size=4).map(str.encode), max_size=8))
def test_rows_of_a_table(values: list[bytes]) -> None:
    raw = pa.array(values, pa.binary())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        pq.write_table(pa.table({"text": pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())}), path)
        texts, skipped = read(path)
    assert texts == decoded(values)
    assert len(texts) + skipped.total() == len(values)
    assert set(skipped) <= {EMPTY, UNDECODABLE}


@given(st.binary(min_size=1, max_size=20))
def test_a_text_file(value: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_bytes(value)
        texts, skipped = read(path)
    assert texts == decoded([value])
    assert len(texts) + skipped.total() == 1
