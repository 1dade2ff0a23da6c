"""The run's console: what a person sees, and what goes to the log."""

import io
from pathlib import Path

from rich.console import Console

from inkling.pipelines.local.console import RunConsole, last_error

STARTED = "21:00:00.000 - INFO - Executing task \x1b[96m'adapt-2'\x1b[0m\n"
EVENT = (
    '    @progress {"label": "instruct", "done": 5, "total": 10, "unit": "steps", "seconds_left": 61.0, '
    '"figures": {"loss": 1.5}}\n'
)
FINISHED = "21:01:00.000 - INFO - Task \x1b[96m'adapt-2'\x1b[0m finished with status \x1b[92mSUCCESS\x1b[0m\n"


def _watch(log: Path, lines: list[str], terminal: bool) -> tuple[str, RunConsole]:
    seen = io.StringIO()
    console = Console(file=seen, force_terminal=terminal, width=120)
    with RunConsole({"adapt-2": "adapt (no pretraining)"}, log, console) as screen:
        for line in lines:
            screen.write(line[:7])
            screen.write(line[7:])
    return seen.getvalue(), screen


def test_tasks_are_shown_by_their_labels_with_time_left(tmp_path: Path) -> None:
    for terminal in (False, True):
        text, screen = _watch(tmp_path / "log.txt", [STARTED, EVENT, FINISHED], terminal)
        assert "adapt (no pretraining)" in text
        assert "1:01 left" in text or terminal
        assert "done in 0:00" in text
        assert list(screen.seconds) == ["adapt-2"]


def test_everything_but_progress_goes_to_the_log(tmp_path: Path) -> None:
    text, _ = _watch(tmp_path / "log.txt", [STARTED, "    loading weights\n", EVENT, FINISHED], terminal=False)
    log = (tmp_path / "log.txt").read_text()
    assert "loading weights" in log
    assert "@progress" not in log
    assert "loading weights" not in text


def test_the_last_error_is_found_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text(
        "    Traceback (most recent call last):\n"
        '      File "x.py", line 1, in f\n'
        "    inkling.components.shared.store.manifest.ArtifactError: /store/a.bin is not what was written.\n"
        "\n"
        "21:01:00 - INFO - Task 'adapt' finished with status FAILURE\n"
    )
    assert last_error(log) == "ArtifactError: /store/a.bin is not what was written."


def test_a_silent_death_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("21:01:00 - INFO - Executing task 'adapt'\n")
    assert "without saying why" in last_error(tmp_path / "log.txt")
