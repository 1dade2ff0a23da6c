import os
from pathlib import Path

from inkling.components.shared.launch.failure import Failure, failures_in, first_failure

REPORT = Path(__file__).with_name("torchrun_report.txt").read_text()
"""What torchrun says where rank 1 was killed and rank 0 was ended in its wake."""


def test_the_report_of_torchrun_is_read() -> None:
    told, killed = failures_in(REPORT.splitlines())
    assert (told.rank, told.exit_code, told.error_file) == (0, -15, Path("/nowhere/0/error.json"))
    assert told.words.splitlines()[1:] == [
        '  File "ranks.py", line 30, in main',
        "RuntimeError: Connection closed by peer",
    ]
    assert (killed.rank, killed.exit_code, killed.error_file) == (1, -9, None)
    assert first_failure([told, killed]) == killed


def test_the_exception_that_was_written_first_is_the_cause(tmp_path: Path) -> None:
    failures = []
    for rank, written in enumerate((30, 10, 20)):
        file = tmp_path / f"{rank}.json"
        file.touch()
        os.utime(file, (written, written))
        failures.append(Failure(rank, -15 if rank == 1 else 1, file, "words"))
    first = first_failure([*failures, Failure(3, -15, None, "told")])
    assert first is not None and first.rank == 1


def test_nobody_is_blamed_without_a_report() -> None:
    assert failures_in(["all is well"]) == []
    assert first_failure([]) is None
