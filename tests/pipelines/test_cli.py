"""The command line takes any arguments and shows any answer, in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def inkling(*arguments: str | bytes, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "inkling.pipelines", *arguments]
    settings = {**os.environ, "INKLING_HOME": str(folder / "home"), **environment}
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, errors="replace")


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", b"caf\xe9"),
        ("ask", "What?", "--image", b"caf\xe9.png"),
        ("run", "--profile", b"caf\xe9.yaml"),
        ("run", "--set", b"corpus.catalogue=caf\xe9.yaml"),
    ],
)
def test_an_argument_that_is_not_utf_8_is_named(arguments: tuple[str | bytes, ...], tmp_path: Path) -> None:
    ended = inkling(*arguments, folder=tmp_path)
    assert ended.returncode == 1
    assert f"inkling: argument {len(arguments)}: " in ended.stderr
    assert r"holds \xe9, which is no character" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("setting", [r'corpus.catalogue="\ud83d.yaml"', r'mixture.recipe={"\udcff": 1}'])
def test_an_escape_of_half_a_character_is_refused(setting: str, tmp_path: Path) -> None:
    ended = inkling("run", "--profile", "tiny", "--set", setting, folder=tmp_path)
    assert ended.returncode == 1
    assert "which is no character" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_home_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    ended = inkling("run", "--profile", "tiny", folder=folder, INKLING_HOME=".inkling")
    assert ended.returncode == 1
    assert r"inkling: INKLING_HOME, where runs and artifacts live: " in ended.stderr
    assert "Traceback" not in ended.stderr
