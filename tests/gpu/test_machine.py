"""The refusals: each says what is wrong with the machine and what to do, before any work."""

import json
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import machine
import pytest

Ended = namedtuple("Ended", ["returncode", "stdout", "stderr"])


def answers(monkeypatch: pytest.MonkeyPatch, ended: Ended) -> None:
    monkeypatch.setattr(
        machine.subprocess, "run", lambda program, **_: Ended(0, "570.1\n", "") if "nvidia-smi" in program[0] else ended
    )


def test_a_machine_without_cuda_is_sent_to_the_rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(machine.Unfit, match=r"no CUDA device.*make gpu-rehearsal"):
        machine.look(tmp_path, cuda=True)
    assert str(machine.look(tmp_path, cuda=False)["device"]).startswith("CPU")


def test_a_driver_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "RuntimeError: The NVIDIA driver on your system is too old (found version 11040)."
    answers(monkeypatch, Ended(1, "", f"Traceback\n{words}\n"))
    with pytest.raises(machine.Unfit, match=r"driver \(570\.1\) is too old for this torch's CUDA: .*11040"):
        machine.look(tmp_path, cuda=True)


def test_a_card_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, Ended(0, json.dumps({"device": "H100", "CUDA": "13.0"}) + "\n", ""))
    found = machine.look(tmp_path, cuda=True)
    assert (found["device"], found["CUDA"], found["driver"]) == ("H100", "13.0", "570.1")


def test_a_full_disk_is_refused_with_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(10**9))
    with pytest.raises(machine.Unfit, match=r"1\.0 GB free, 4 are needed: name another folder with --work"):
        machine.look(tmp_path, cuda=False)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.lacking(("json", "inkling_no_such_module")) == ["inkling_no_such_module"]
    real = machine.lacking
    monkeypatch.setattr(machine, "lacking", lambda names: real([*names, "inkling_no_such_module"]))
    with pytest.raises(machine.Unfit, match="inkling_no_such_module must be installed already"):
        machine.look(tmp_path, cuda=False)


def test_looking_imports_no_torch() -> None:
    program = "import machine, pathlib, sys; machine.look(pathlib.Path('.'), cuda=False); print('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent, capture_output=True, text=True)
    assert ended.stdout == "False\n", ended.stderr
