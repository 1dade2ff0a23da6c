import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.models.training.checkpoint import (
    CheckpointError,
    newest_sound_step,
    prune,
    read_checkpoint,
    step_path,
    stored_steps,
    write_checkpoint,
)

_TENSORS = st.sampled_from(
    [torch.arange(6.0).reshape(2, 3), torch.tensor(3), torch.zeros(0), torch.tensor([True]), torch.rand(4).bfloat16()]
)
_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_TREES = st.recursive(
    _PLAIN | _TENSORS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


def _equal(first: object, second: object) -> bool:
    if isinstance(first, torch.Tensor):
        return isinstance(second, torch.Tensor) and first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return (
            isinstance(second, dict) and list(first) == list(second) and all(_equal(first[k], second[k]) for k in first)
        )
    if isinstance(first, list | tuple):
        alike = type(first) is type(second) and len(first) == len(second)
        return alike and all(_equal(a, b) for a, b in zip(first, second, strict=True))
    return type(first) is type(second) and (first == second or (first != first and second != second))


@settings(deadline=None, max_examples=60)
@given(tree=st.dictionaries(st.text(max_size=5), _TREES, max_size=4))
def test_what_is_written_is_read(tree: dict, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("checkpoint") / "step-00000001"
    write_checkpoint(path, tree)
    assert _equal(read_checkpoint(path), tree)


def test_shared_weights_are_stored_once(tmp_path: Path):
    weight = torch.rand(50, 50)
    write_checkpoint(tmp_path / "tied", {"head": weight, "embedding": weight})
    assert (tmp_path / "tied/tensors.safetensors").stat().st_size < 1.5 * weight.numel() * 4
    tree = read_checkpoint(tmp_path / "tied")
    assert torch.equal(tree["head"], weight)
    assert torch.equal(tree["embedding"], weight)


def test_views_of_one_storage_are_kept_apart(tmp_path: Path):
    weight = torch.arange(16.0).reshape(4, 4)
    tree = {"whole": weight, "part": weight[:2], "turned": weight.t()}
    write_checkpoint(tmp_path / "views", tree)
    assert _equal(read_checkpoint(tmp_path / "views"), tree)


def test_an_object_is_refused_by_its_place(tmp_path: Path):
    with pytest.raises(TypeError, match=r"callbacks\.0 is a PosixPath"):
        write_checkpoint(tmp_path / "step", {"callbacks": [tmp_path]})
    assert stored_steps(tmp_path) == []


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "digests.json"])
def test_a_changed_byte_is_refused_and_the_checkpoint_before_is_taken(tmp_path: Path, name: str):
    for step in (5, 10):
        write_checkpoint(step_path(tmp_path, step), {"weight": torch.full((3,), float(step)), "step": step})
    file = step_path(tmp_path, 10) / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="step-00000010"):
        read_checkpoint(step_path(tmp_path, 10))
    assert newest_sound_step(tmp_path) == 5


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "digests.json"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str):
    write_checkpoint(step_path(tmp_path, 5), {"weight": torch.rand(3)})
    (step_path(tmp_path, 5) / name).unlink()
    assert newest_sound_step(tmp_path) is None
    with pytest.raises(CheckpointError, match=name):
        read_checkpoint(step_path(tmp_path, 5))


def test_a_half_written_checkpoint_is_not_seen_and_does_not_stand_in_the_way(tmp_path: Path):
    partial = tmp_path / ".step-00000005.partial"
    partial.mkdir()
    (partial / "tensors.safetensors").write_bytes(b"half")
    assert newest_sound_step(tmp_path) is None
    write_checkpoint(step_path(tmp_path, 5), {"step": 5})
    assert newest_sound_step(tmp_path) == 5
    assert not partial.exists()


def test_only_the_newest_are_kept(tmp_path: Path):
    for step in (1, 2, 30, 4):
        write_checkpoint(step_path(tmp_path, step), {"step": step})
    prune(tmp_path, 2)
    assert stored_steps(tmp_path) == [4, 30]


def test_the_state_is_json(tmp_path: Path):
    write_checkpoint(tmp_path / "step", {"loops": {"done": (1, 2)}, "states": {0: torch.zeros(1)}})
    state = json.loads((tmp_path / "step/state.json").read_text())
    assert state["loops"] == {"done": {"$tuple": [1, 2]}}


def test_a_full_disk_is_named_and_the_checkpoint_before_is_intact(tmp_path: Path):
    """The program may write no file of more than 100,000 bytes, so the safetensors writer fails in the middle."""
    for step in (5, 10):
        write_checkpoint(step_path(tmp_path, step), {"weight": torch.full((3,), float(step))})
    program = (
        "import resource, signal, sys, torch\n"
        "from pathlib import Path\n"
        "from inkling.models.training.checkpoint import write_checkpoint\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "write_checkpoint(Path(sys.argv[1]), {'weight': torch.ones(100_000)})\n"
    )
    for step in (10, 15):
        place = step_path(tmp_path, step)
        ended = subprocess.run([sys.executable, "-c", program, str(place)], capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        last = ended.stderr.strip().splitlines()[-1]
        assert f"CheckpointError: {place} cannot be written" in last
        assert "It takes 0.4 MB" in last
    assert newest_sound_step(tmp_path) == 10
    assert torch.equal(read_checkpoint(step_path(tmp_path, 10))["weight"], torch.full((3,), 10.0))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000005", "step-00000010"]


def test_an_error_of_the_disk_is_reported_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("inkling.models.training.checkpoint.save_file", full)
    with pytest.raises(CheckpointError, match=r"cannot be written: .*No space left on device.*make room"):
        write_checkpoint(step_path(tmp_path, 5), {"weight": torch.ones(3)})
    assert list(tmp_path.iterdir()) == []
