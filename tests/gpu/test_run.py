"""The rehearsal as a program: right on this CPU, gone on with after a cut, plain where something is missing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")


def rehearse(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*program(folder), *arguments], capture_output=True, text=True, check=False)


def program(folder: Path) -> list[str]:
    return [
        sys.executable,
        str(RUN),
        "--sizes",
        "rehearsal",
        "--kit",
        str(folder / "kit"),
        "--work",
        str(folder / "work"),
    ]


def rows(folder: Path) -> list[dict[str, object]]:
    path = folder / "work" / "rehearsal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.slow
def test_checks_that_were_done_are_kept_and_the_others_follow(tmp_path: Path) -> None:
    first = rehearse(tmp_path, "--part", "correct", "--only", "bf16, the same")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "| bf16, the same seed twice | yes |" in first.stdout and "weights equal" in first.stdout
    second = rehearse(tmp_path, "--part", "correct", "--only", "on one rank")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "1 done" in second.stdout
    assert [row["unit"] for row in rows(tmp_path)] == [
        "bf16, the same seed twice",
        "ddp on one rank",
        "fsdp2 on one rank",
    ]
    assert "| fsdp2 on one rank | yes |" in (tmp_path / "work" / "rehearsal.md").read_text()


@pytest.mark.slow
def test_reading_without_a_kit_says_how_to_make_one(tmp_path: Path) -> None:
    ended = rehearse(tmp_path, "--part", "reading")
    assert ended.returncode != 0
    assert "make the kit with `make gpu-kit`" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.soak
@pytest.mark.data
def test_every_part_is_rehearsed_from_a_kit_and_goes_on_after_three_cuts(tmp_path: Path) -> None:
    making = [sys.executable, str(RUN.with_name("kit.py")), "--sizes", "rehearsal", "--only", "data"]
    subprocess.run([*making, "--kit", str(tmp_path / "kit")], check=True, capture_output=True)
    for count, by in [(2, signal.SIGINT), (7, signal.SIGKILL), (12, signal.SIGTERM)]:
        # A script's background jobs ignore Ctrl-C: a run hears it all the same.
        background = ["env", "--ignore-signal=INT", *program(tmp_path), "--minutes", "60"]
        cut = subprocess.Popen(background, stdout=subprocess.DEVNULL)
        try:
            while len(rows(tmp_path)) < count:
                time.sleep(0.05)
                assert cut.poll() is None
            os.kill(cut.pid, by)
            assert cut.wait(60) != 0
        finally:
            cut.kill()
    ended = rehearse(tmp_path, "--minutes", "60")
    units = [row["unit"] for row in rows(tmp_path) if not row["failure"]]
    assert len(units) == len(set(units)), "a unit that had ended ran again"
    assert "left for want of time" not in ended.stdout
    for part in ("correct", "reading", "fast", "served"):
        assert f"## {part}" in ended.stdout
    assert "visual minus no-pretraining" in ended.stdout
