"""The Makefile: what it says where Python is missing, and that it installs only when it must."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import inkling

ROOT = Path(inkling.__file__).parent


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=house, env=environment, capture_output=True, text=True, check=False)


def test_help_is_the_default_and_lists_the_targets(house: Path) -> None:
    shown = make(house)
    assert shown.returncode == 0
    assert {"install", "fetch", "run", "serve", "test", "check", "clean"} <= set(shown.stdout.split())


@pytest.mark.parametrize("python", ["no-such-python", "/bin/false"])
def test_a_missing_python_is_named_with_what_to_do(house: Path, python: str) -> None:
    ended = make(house, "run", f"PYTHON={python}")
    assert ended.returncode != 0
    assert f"needs Python 3.11 with venv; '{python}' is not that" in ended.stderr
    assert "make run PYTHON=" in ended.stderr
    assert not (house / ".venv").exists()


def test_it_installs_again_only_when_the_dependencies_change(house: Path) -> None:
    (house / ".venv").mkdir()
    stamp = house / ".venv" / ".installed"
    stamp.touch()
    os.utime(house / "pyproject.toml", (1, 1))
    os.utime(house / "constraints.txt", (1, 1))
    assert make(house, "--question", "install").returncode == 0
    os.utime(house / "constraints.txt", (stamp.stat().st_mtime + 10,) * 2)
    assert make(house, "--question", "install").returncode == 1
