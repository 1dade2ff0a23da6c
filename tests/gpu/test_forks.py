"""Forked processes: their answer or failure comes back, and none outlives the one that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from forks import Failed, Fork, forked

PROGRAM = """
import os, subprocess, sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from forks import Fork, end_with, forked

folder = Path({folder!r})

def sleep(name):
    (folder / name).write_text(str(os.getpid()))
    time.sleep(60)

def unit():
    own = os.getpid()
    child = subprocess.Popen(["sleep", "60"], preexec_fn=lambda: end_with(own))
    (folder / "program").write_text(str(child.pid))
    (folder / "unit").write_text(str(own))
    forked(lambda: sleep("nested"))

Fork(unit).result()
"""


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_nothing_outlives_a_run_that_was_killed(tmp_path: Path) -> None:
    text = PROGRAM.format(here=str(Path(__file__).parent), folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", text]) as process:
        names = {"unit", "nested", "program"}
        while {path.name for path in tmp_path.iterdir() if path.read_text()} != names:
            assert process.poll() is None
            time.sleep(0.01)
        pids = [int((tmp_path / name).read_text()) for name in names]
        assert not any(map(ended, pids))
        os.kill(process.pid, signal.SIGKILL)
    until = time.monotonic() + 30
    while not all(map(ended, pids)):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_fork_that_is_killed_takes_those_along_that_it_forked(tmp_path: Path) -> None:
    def sleep() -> None:
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(60)

    fork = Fork(lambda: forked(sleep))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    fork.kill()
    until = time.monotonic() + 30
    while not ended(int((tmp_path / "pid").read_text())):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_answer_comes_back_where_the_log_cannot_be_written(tmp_path: Path) -> None:
    full = Path("/dev/full")
    assert Fork(lambda: 7, full).result() == 7
    with pytest.raises(Failed, match="No space left on device"):
        Fork(lambda: print("text", flush=True), full).result()
    with pytest.raises(Failed, match="ValueError: the third wheel"):
        Fork(lambda: int_of("the third wheel"), full).result()
    with pytest.raises(Failed, match="FileNotFoundError"):
        Fork(lambda: 7, tmp_path / "no" / "folder").result()


def int_of(text: str) -> int:
    raise ValueError(text)


def test_variables_hold_in_the_fork_alone() -> None:
    assert forked(lambda: os.environ["INKLING_FORKED"], INKLING_FORKED="yes") == "yes"
    assert "INKLING_FORKED" not in os.environ
