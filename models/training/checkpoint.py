"""Checkpoints without pickle: tensors as safetensors, the rest as JSON, a digest of both, renamed whole.

A checkpoint is a directory `step-00000120` with `tensors.safetensors`, `state.json` and `digests.json`. It gets its
name when all of it is on the disk, so a killed writer leaves none; one that was damaged later is passed over.
"""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from inkling.models.strict_json import to_json
from inkling.models.training.job import LogRow

TENSORS, STATE, DIGESTS = "tensors.safetensors", "state.json", "digests.json"
MODULE_PREFIX, RECORDER = "network.", "Recorder"
"""Where a checkpoint holds the network's weights (Lightning's module), and the log (its callback)."""
_TENSOR, _TUPLE, _ITEMS, _FLOAT = "$tensor", "$tuple", "$items", "$float"


class CheckpointError(RuntimeError):
    """A checkpoint that is absent, damaged or cannot be written; the message names the file."""


def step_path(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"step-{step:08d}"


def saved_path(run: Path, step: int) -> Path:
    """Where a run's directory holds the weights that were saved beside the checkpoints of resuming."""
    return step_path(run / "saved", step)


def stored_steps(folder: Path) -> list[int]:
    """Steps that have a checkpoint, in order, whether or not it is sound."""
    return sorted(int(path.name.removeprefix("step-")) for path in folder.glob("step-????????"))


def newest_sound_step(folder: Path) -> int | None:
    """The last step whose checkpoint is byte for byte what was written; None where there is none."""
    for step in reversed(stored_steps(folder)):
        try:
            _verify(step_path(folder, step))
        except CheckpointError:
            continue
        return step
    return None


def write_checkpoint(path: Path, tree: Mapping[str, Any]) -> None:
    """Writes nested dicts, lists, tuples, tensors and JSON values, and lets the result appear in one step.

    Tensors that share their storage are stored once.

    Raises:
        TypeError: If the tree holds a value that is neither a tensor nor plain data.
        CheckpointError: If it cannot be written, as on a full disk; what was there before is intact.
    """
    tensors: dict[str, torch.Tensor] = {}
    state = _encode(tree, "", tensors, {})
    partial = path.with_name(f".{path.name}.partial")
    try:
        _write(partial, tensors, to_json(state))
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        size = sum(tensor.nbytes for tensor in tensors.values())
        raise CheckpointError(
            f"{path} cannot be written: {error}. It takes {size / 1e6:,.1f} MB; the checkpoints before it are intact: "
            "make room and start again"
        ) from error
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)
    _sync(path.parent)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Reads what `write_checkpoint` wrote; tensors come on the CPU.

    Raises:
        CheckpointError: If a file is missing or not what was written.
    """
    _verify(path)
    tree = _decode(json.loads((path / STATE).read_text()), load_file(path / TENSORS))
    assert isinstance(tree, dict)
    return tree


def restore(network: torch.nn.Module, checkpoint: Path) -> list[LogRow]:
    """Gives a network the weights of a checkpoint, in place, without a training framework.

    Args:
        network: The network that was trained.
        checkpoint: A checkpoint of a run of `fit`.

    Returns:
        The rows of its log.
    """
    tree = read_checkpoint(checkpoint)
    _load_weights(network, tree)
    return [LogRow(**row) for row in tree["callbacks"][RECORDER]["rows"]]


def restore_weights(network: torch.nn.Module, saved: Path) -> None:
    """Gives a network the weights that `fit` saved after a step, in place."""
    _load_weights(network, read_checkpoint(saved))


def write_weights(network: torch.nn.Module, path: Path) -> None:
    """Writes the weights of a network as `restore_weights` reads them."""
    state = {MODULE_PREFIX + name: value for name, value in network.state_dict().items()}
    write_checkpoint(path, {"state_dict": state})


def prune(folder: Path, newest: int) -> None:
    """Removes all checkpoints but a number of the newest."""
    for step in stored_steps(folder)[:-newest]:
        shutil.rmtree(step_path(folder, step))


def _load_weights(network: torch.nn.Module, tree: dict[str, Any]) -> None:
    network.load_state_dict({name.removeprefix(MODULE_PREFIX): value for name, value in tree["state_dict"].items()})


def _write(folder: Path, tensors: dict[str, torch.Tensor], state: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save_file(tensors, folder / TENSORS)
    (folder / STATE).write_text(state)
    digests = {name: _sha256(folder / name) for name in (TENSORS, STATE)}
    (folder / DIGESTS).write_text(to_json(digests))
    for name in (TENSORS, STATE, DIGESTS, "."):
        _sync(folder / name)


def _encode(value: Any, place: str, tensors: dict[str, torch.Tensor], known: dict[tuple[Any, ...], str]) -> Any:
    if isinstance(value, torch.Tensor):
        return {_TENSOR: _add(value.detach(), place, tensors, known)}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _encode(item, f"{place}.{key}", tensors, known) for key, item in value.items()}
        items = [
            [_encode(key, place, tensors, known), _encode(item, f"{place}.{key}", tensors, known)]
            for key, item in value.items()
        ]
        return {_ITEMS: items}
    if isinstance(value, list | tuple):
        items = [_encode(item, f"{place}.{index}", tensors, known) for index, item in enumerate(value)]
        return items if isinstance(value, list) else {_TUPLE: items}
    if isinstance(value, float) and not math.isfinite(value):  # a diverged loss; JSON has no word for it
        return {_FLOAT: str(value)}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"a checkpoint holds tensors and plain data only; {place.lstrip('.')} is a {type(value).__name__}")


def _add(tensor: torch.Tensor, place: str, tensors: dict[str, torch.Tensor], known: dict[tuple[Any, ...], str]) -> str:
    """Adds a tensor unless the same storage was added before; returns the name under which it is stored."""
    identity = (tensor.device, tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
    name = place.lstrip(".")
    if tensor.numel() and identity in known:
        return known[identity]
    known[identity] = name
    tensors[name] = tensor.cpu().clone(memory_format=torch.contiguous_format)
    return name


def _decode(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_decode(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return tensors[value[_TENSOR]]
    if _FLOAT in value:
        return float(value[_FLOAT])
    if _TUPLE in value:
        return tuple(_decode(item, tensors) for item in value[_TUPLE])
    if _ITEMS in value:
        return {_decode(key, tensors): _decode(item, tensors) for key, item in value[_ITEMS]}
    return {key: _decode(item, tensors) for key, item in value.items()}


def _verify(path: Path) -> None:
    try:
        digests = json.loads((path / DIGESTS).read_text())
        for name in (TENSORS, STATE):
            if _sha256(path / name) != digests[name]:
                raise CheckpointError(f"{path / name} is not what was written: its SHA-256 differs")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is not a whole checkpoint: {error}") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
