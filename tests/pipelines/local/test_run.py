"""The whole way at the tiny profile, by the command that a user types: once, again, killed, and damaged."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from inkling.components.shared.store.manifest import Manifest
from inkling.pipelines.local.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.data]
COMMAND = [sys.executable, "-m", "inkling.pipelines", "run", "--profile", "tiny"]

# Where a run is killed: as soon as the store holds such a path, each a trace of work half done.
MOMENTS = (
    "mixture-*/.tokens.partial",
    "scenes-*/.questions.partial",
    "pretrain-*/.language_model.scratch/**/*.safetensors",
    "adapt-*/.multimodal_model.scratch/**/*.safetensors",
    "replies/*/*",
)


@pytest.fixture(scope="module")
def temporary() -> Path:
    """What the runs take for the system's folder of temporary files; its path is short enough for sockets."""
    return Path(tempfile.mkdtemp())


def _start(home: Path, temporary: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        COMMAND,
        env={**os.environ, "INKLING_HOME": str(home), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # where the tests run in the background
    )


def _finish(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=600)
    return output


def _wait_until_empty(folder: Path) -> None:
    """Waits for the processes of a killed run, which end a little later, to remove what lies in a folder."""
    deadline = time.monotonic() + 60
    while left := list(folder.iterdir()):
        assert time.monotonic() < deadline, f"left in the system's folder of temporary files: {left}"
        time.sleep(0.1)


def _digests(home: Path) -> dict[str, str]:
    run = Run.read(home / "runs" / "latest")
    return {
        f"{task}/{output}": Manifest.read(Path(path)).digest
        for task, outputs in run.outputs.items()
        for output, path in outputs.items()
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, temporary: Path) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("undisturbed")
    process = _start(home, temporary)
    output = _finish(process)
    assert process.returncode == 0, output
    return home, output


def test_a_run_ends_with_scores_the_report_and_what_to_do_next(undisturbed: tuple[Path, str]) -> None:
    home, output = undisturbed
    run = Run.read(home / "runs" / "latest")
    report = Path(run.outputs["analyze"]["findings"]) / "report.html"
    assert str(report) in output
    assert report.read_text().startswith("<!doctype html>")
    for word in (
        "perplexity",
        "unigram",
        "visual",
        "blind",
        "mismatched",
        "no pretraining",
        "inkling serve",
        "inkling ask",
    ):
        assert word in output.lower(), word


def test_a_run_leaves_no_temporary_files(undisturbed: tuple[Path, str], temporary: Path) -> None:
    assert not list(temporary.iterdir())
    assert not (Run.read(undisturbed[0] / "runs" / "latest").path / "tmp").exists()


def test_the_server_chose_as_the_evaluator_did(undisturbed: tuple[Path, str]) -> None:
    run = Run.read(undisturbed[0] / "runs" / "latest")
    rehearsal = json.loads((Path(run.outputs["rehearse"]["rehearsal"]) / "rehearsal.json").read_text())
    assert rehearsal["views"]["visual"]["agreed"] == rehearsal["views"]["visual"]["questions"] > 0
    assert rehearsal["views"]["blind"]["agreed"] == rehearsal["views"]["blind"]["questions"] > 0


def test_a_second_run_reuses_every_stage_and_says_so_first(undisturbed: tuple[Path, str], temporary: Path) -> None:
    home, _ = undisturbed
    before = _digests(home)
    output = _finish(_start(home, temporary))
    assert "nothing to do" in output
    assert output.index("reused") < output.index("corpus ")
    assert _digests(home) == before


@pytest.mark.parametrize(
    "moments", [pytest.param(MOMENTS[3:4], id="one"), pytest.param(MOMENTS, id="five", marks=pytest.mark.soak)]
)
def test_killed_at_several_moments_it_ends_with_the_same_digests(
    moments: tuple[str, ...], undisturbed: tuple[Path, str], tmp_path: Path, temporary: Path
) -> None:
    if len(moments) == 1:
        _copy_until_adaptation(undisturbed[0], tmp_path)
    waiting = list(moments)
    while waiting:
        process = _start(tmp_path, temporary)
        deadline = time.monotonic() + 300
        while not (come := [moment for moment in waiting if list((tmp_path / "store").glob(moment))]):
            assert process.poll() is None, f"the run ended before {waiting}: {process.communicate()[0]}"
            assert time.monotonic() < deadline, f"{waiting} never came"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)  # what it started ends too, or holds its output open
        waiting.remove(come[0])
        _wait_until_empty(temporary)
    process = _start(tmp_path, temporary)
    output = _finish(process)
    assert process.returncode == 0, output
    assert _digests(tmp_path) == _digests(undisturbed[0])


def _copy_until_adaptation(home: Path, to: Path) -> None:
    """A store as a run leaves it that was killed before it adapted anything."""
    for made in (home / "store").iterdir():
        if made.name.startswith(("corpus-", "mixture-", "pretrain-", "scenes-", "encode-")):
            shutil.copytree(made, to / "store" / made.name)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_keeps_what_was_done_and_says_so(
    number: int, status: int, tmp_path: Path, temporary: Path
) -> None:
    process = _start(tmp_path, temporary)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "store").glob("*/.*.lock")):
        assert process.poll() is None
        assert time.monotonic() < deadline, "no stage began"
        time.sleep(0.02)
    process.send_signal(number)
    output = _finish(process)
    assert process.returncode == status
    assert "the same command goes on from there" in output


def test_a_changed_byte_is_refused_by_file_name_and_nothing_is_overwritten(
    undisturbed: tuple[Path, str], temporary: Path
) -> None:
    home, _ = undisturbed
    victim = next((home / "store").glob("mixture-*/tokens/tokenizer/tokenizer.json"))
    original = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(original[:-2] + b" }")
    damaged = victim.read_bytes()
    process = _start(home, temporary)
    output = _finish(process)
    assert process.returncode == 1
    assert "tokenizer.json is not what was written" in output.replace("\n", " ")
    assert victim.read_bytes() == damaged
    victim.write_bytes(original)
