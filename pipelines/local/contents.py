"""Two makings of one artifact compared by content: the same bytes, the same but for rounding, or different.

A file of tensors or a table is compared by its numbers, array by array; a text by the numbers in it, where the words
between them are the same. An array agrees within a tolerance if its largest difference is no more than that, or no more
than that part of its largest magnitude: a weight near zero may be off by many times itself and change nothing.
"""

import enum
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.store.manifest import list_files, sha256

Arrays = dict[str, NDArray[Any]]

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
_DIGEST = re.compile(r"\b[0-9a-f]{12,64}\b")
_TEXTS = (".md", ".txt", ".html", ".csv", ".yaml", ".svg")


class Verdict(enum.Enum):
    """How two makings compare, from best to worst."""

    SAME = "the same bytes"
    WITHIN = "within tolerance"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True)
class Comparison:
    """How the files of two makings compare.

    Attributes:
        verdict: The worst of any file.
        absolute: Largest difference between two numbers.
        relative: Largest difference within an array, as a part of the largest magnitude that was recorded in it.
        reasons: What is different beyond tolerance, file by file.
    """

    verdict: Verdict
    absolute: float = 0.0
    relative: float = 0.0
    reasons: tuple[str, ...] = ()


def compare(recorded: Path, made: Path, tolerance: float) -> Comparison:
    """Compares two makings of an artifact.

    Args:
        recorded: Directory of the one.
        made: Directory of the other.
        tolerance: Largest difference of two numbers that is taken for rounding.
    """
    before, now = set(list_files(recorded)), set(list_files(made))
    reasons = [f"{name}: only in one of the two" for name in sorted(before ^ now)]
    absolute = relative = 0.0
    verdict = Verdict.DIFFERENT if reasons else Verdict.SAME
    for name in sorted(before & now):
        if sha256(recorded / name) == sha256(made / name):
            continue
        if verdict is Verdict.SAME:
            verdict = Verdict.WITHIN
        for difference in _file_differences(recorded / name, made / name):
            if isinstance(difference, str):
                reasons.append(f"{name}: {difference}")
                continue
            place, most, part = difference
            absolute, relative = max(absolute, most), max(relative, part)
            if not min(most, part) <= tolerance:
                reasons.append(f"{name}: {place} differs by {most:.2g}, {part:.2g} of its largest")
    return Comparison(Verdict.DIFFERENT if reasons else verdict, absolute, relative, tuple(reasons))


def _file_differences(recorded: Path, made: Path) -> Iterator[str | tuple[str, float, float]]:
    """For each array its name, its largest difference, absolute and relative; or words for what is no number."""
    try:
        before, now = _read(recorded), _read(made)
    except ValueError as error:
        yield str(error)
        return
    for name in sorted(before.keys() ^ now.keys()):
        yield f"{name} is only in one of the two"
    for name in sorted(before.keys() & now.keys()):
        one, other = before[name], now[name]
        if one.shape != other.shape:
            yield f"{name} has shape {other.shape}, was {one.shape}"
        elif one.dtype.kind not in "fiu" or other.dtype.kind not in "fiu":
            if not np.array_equal(one, other):
                yield f"{name} is not what it was"
        else:
            most, scale = _distance(one.astype(np.float64), other.astype(np.float64))
            if most:
                yield name, most, most / scale


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float]:
    """Largest difference, infinite where one is no number; and the largest magnitude of the first, 1 for none."""
    with np.errstate(invalid="ignore"):
        apart = np.where((one == other) | (np.isnan(one) & np.isnan(other)), 0.0, np.abs(other - one))
    most = float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0))
    scale = float(np.abs(one[np.isfinite(one)]).max(initial=0.0))
    return most, scale or 1.0


def _read(path: Path) -> Arrays:
    """The contents of a file as arrays by name.

    Raises:
        ValueError: If nothing is known of such a file.
    """
    if path.suffix == ".safetensors":
        import torch
        from safetensors.torch import load_file

        tensors = load_file(path).items()
        return {name: (found.float() if found.dtype is torch.bfloat16 else found).numpy() for name, found in tensors}
    if path.suffix in (".npy", ".npz"):
        loaded = np.load(path, allow_pickle=False)
        return dict(loaded) if path.suffix == ".npz" else {"array": loaded}
    if path.suffix == ".parquet":
        return _table(path)
    if path.suffix == ".onnx":
        return _graph(path)
    if path.suffix == ".json":
        return _flatten(json.loads(path.read_text()))
    if path.suffix == ".jsonl":
        return _flatten([json.loads(line) for line in path.read_text().splitlines()])
    if path.suffix in _TEXTS:
        return _text(path.read_text())
    raise ValueError("the bytes differ, and they hold no numbers that could be compared")


def _table(path: Path) -> Arrays:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    columns: Arrays = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.combine_chunks()
        depth = 0
        while pa.types.is_list(values.type):
            columns[f"{name}, lengths {depth}"] = np.diff(values.offsets.to_numpy())
            values, depth = values.flatten(), depth + 1
        numbers = pa.types.is_floating(values.type) or pa.types.is_integer(values.type)
        columns[name] = (
            values.to_numpy(zero_copy_only=False)
            if numbers
            else np.array([str(value) for value in values.to_pylist()], np.str_)
        )
    return columns


def _graph(path: Path) -> Arrays:
    """The weights of an ONNX graph by name, and the rest of it as one text."""
    import onnx

    model = onnx.load(path)
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    del model.graph.initializer[:]
    return {**weights, "the graph": np.array(str(model), np.str_)}


def _flatten(value: Any, place: str = "") -> Arrays:
    """The leaves of a JSON value by their path."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        found: Arrays = {place or "it": np.array(len(value))}
        for key, below in inner:
            found |= _flatten(below, f"{place}.{key}" if place else str(key))
        return found
    if isinstance(value, str):
        return {place: np.array(_DIGEST.sub("<digest>", value), np.str_)}
    return {place: np.array(value if isinstance(value, int | float) else repr(value))}


def _text(text: str) -> Arrays:
    """The numbers of a text, and the words between them; a digest in it follows from what it is the digest of."""
    plain = _DIGEST.sub("<digest>", text)
    numbers = [float(number) for number in _NUMBER.findall(plain)]
    found = {f"number {place + 1}": np.array(number) for place, number in enumerate(numbers)}
    return {**found, "the words": np.array(_NUMBER.sub("#", plain), np.str_)}
