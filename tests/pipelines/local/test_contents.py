"""Comparing contents: rounding is told from change, in every format that artifacts have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.pipelines.local.contents import Verdict, compare


def _tensors(path: Path, step: float) -> None:
    from safetensors.numpy import save_file

    save_file({"small": np.array([0.0, 1.0], np.float32), "large": np.array([1000.0 + step])}, path)


def _arrays(path: Path, step: float) -> None:
    np.savez(path, a=np.array([1.0 + step, np.inf, np.nan]))


def _table(path: Path, step: float) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"name": ["x", "y"], "scores": [[1.0, 2.0], [3.0 + step]]}), path)


def _json(path: Path, step: float) -> None:
    path.write_text(json.dumps({"model": "a1b2c3d4e5f60718" if step else "0" * 16, "rows": [{"loss": 2.0 + step}]}))


def _lines(path: Path, step: float) -> None:
    path.write_text(json.dumps({"loss": 2.0 + step}) + "\n")


def _text(path: Path, step: float) -> None:
    path.write_text(f"The loss of model v2 is {2.0 + step:.9f} nats.\n")


def _graph(path: Path, step: float) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    weight = numpy_helper.from_array(np.array([1.0 + step], np.float32), "w")
    graph = helper.make_graph([], "g", [], [helper.make_tensor_value_info("w", TensorProto.FLOAT, [1])], [weight])
    save(helper.make_model(graph), path)


FORMATS: dict[str, Callable[[Path, float], None]] = {
    "model.safetensors": _tensors, "a.npz": _arrays, "table.parquet": _table, "found.json": _json,
    "log.jsonl": _lines, "card.md": _text, "graph.onnx": _graph,
}  # fmt: skip


def _two(directory: Path, name: str, step: float) -> tuple[Path, Path]:
    places = directory / "one", directory / "other"
    for place, change in zip(places, (0.0, step), strict=True):
        place.mkdir(parents=True, exist_ok=True)
        FORMATS[name](place / name, change)
    return places


@pytest.mark.parametrize("name", FORMATS)
def test_rounding_is_told_from_change(name: str, tmp_path: Path) -> None:
    assert compare(*_two(tmp_path, name, 0.0), 1e-4).verdict is Verdict.SAME
    close = compare(*_two(tmp_path, name, 3e-5), 1e-4)
    assert close.verdict is Verdict.WITHIN and not close.reasons
    assert close.absolute == pytest.approx(3e-5, rel=0.05)
    far = compare(*_two(tmp_path, name, 0.25), 1e-4)
    assert far.verdict is Verdict.DIFFERENT
    assert far.absolute == pytest.approx(0.25) and far.reasons[0].startswith(f"{name}: ")


def test_a_difference_is_measured_against_the_largest_value_beside_it(tmp_path: Path) -> None:
    found = compare(*_two(tmp_path, "model.safetensors", 0.05), 1e-4)
    assert found.verdict is Verdict.WITHIN
    assert (found.absolute, found.relative) == (pytest.approx(0.05), pytest.approx(5e-5))


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ({"a.json": "[1, 2]"}, {"a.json": "[1]"}, "only in one"),
        ({"a.json": '{"said": "yes"}'}, {"a.json": '{"said": "no"}'}, "said is not what it was"),
        ({"a.json": '{"right": true}'}, {"a.json": '{"right": false}'}, "right is not what it was"),
        ({"a.json": "[1.5]"}, {"a.json": "[NaN]"}, "0 differs by inf"),
        ({"a.md": "2 of 3"}, {"a.md": "2 in 3"}, "the words is not"),
        ({"a.png": "x"}, {"a.png": "y"}, "no numbers that could be compared"),
        ({"a.json": "[1]"}, {"a.json": "{"}, "a.json: "),
        ({"a.json": "[1]"}, {"a.json": "[1]", "b.json": "[1]"}, "b.json: only in one"),
    ],
)
def test_what_is_no_rounding_is_named(before: dict[str, str], now: dict[str, str], words: str, tmp_path: Path) -> None:
    for place, files in (("one", before), ("other", now)):
        (tmp_path / place).mkdir()
        for name, text in files.items():
            (tmp_path / place / name).write_text(text)
    found = compare(tmp_path / "one", tmp_path / "other", 1e-4)
    assert found.verdict is Verdict.DIFFERENT
    assert words in "; ".join(found.reasons)


def test_other_shapes_are_told(tmp_path: Path) -> None:
    for place, length in (("one", 2), ("other", 3)):
        (tmp_path / place).mkdir()
        np.save(tmp_path / place / "a.npy", np.zeros(length))
    assert "has shape (3,), was (2,)" in compare(tmp_path / "one", tmp_path / "other", 1.0).reasons[0]


_LEAVES = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False) | st.text(max_size=5)
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))


@given(_VALUES)
def test_a_value_written_otherwise_is_the_same_but_for_its_bytes(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    folder = tmp_path_factory.mktemp("value")
    for place, indent in (("one", None), ("other", 3)):
        (folder / place).mkdir()
        (folder / place / "a.json").write_text(json.dumps([value], indent=indent))
    found = compare(folder / "one", folder / "other", 0.0)
    assert (found.absolute, found.reasons) == (0.0, ())
