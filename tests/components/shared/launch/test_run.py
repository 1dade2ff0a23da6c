import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.shared.launch.failure import RankError
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.run import run_job

HERE = Path(__file__).parent
Ranks = Callable[[str], Job]


def _alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _gone(processes: list[int], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(map(_alive, processes)):
        time.sleep(0.1)
    return not any(map(_alive, processes))


def _silent(rank: int | None, line: str) -> None:
    """Hears nothing."""


def test_the_rank_that_raised_is_named_with_its_own_traceback(two_ranks: Ranks, tmp_path: Path) -> None:
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    said: list[tuple[int | None, str]] = []
    with pytest.raises(RankError) as caught:
        run_job(two_ranks("raise"), lambda rank, line: said.append((rank, line)))
    assert {(0, "the sum is 3"), (1, "the sum is 3")} <= set(said)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    message = str(caught.value)
    assert message.startswith("of 2 ranks, rank 1 failed (exit code 1)\nTraceback (most recent call last):")
    assert message.rstrip().endswith("ArithmeticError: rank one cannot count")
    assert 'raise ArithmeticError("rank one cannot count")' in message
    assert "Connection" not in message
    assert _gone([int(path.read_text()) for path in tmp_path.glob("*.pid")])


def test_a_rank_that_was_killed_is_named_with_the_signal(two_ranks: Ranks, tmp_path: Path) -> None:
    with pytest.raises(RankError, match=r"of 2 ranks, rank 1 failed \(SIGKILL\)\nSignal 9 \(SIGKILL\)"):
        run_job(two_ranks("killed"), _silent)
    assert _gone([int(path.read_text()) for path in tmp_path.glob("*.pid")])


def test_a_module_that_does_not_start_is_reported_in_its_words(two_ranks: Ranks) -> None:
    job = two_ranks("meet")
    absent = Job(job.name, "no_such_module", (), job.logs, processes=2, environment=job.environment)
    with pytest.raises(RankError, match=r"rank [01] failed \(exit code 1\)\n.*No module named no_such"):
        run_job(absent, _silent)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_rank_outlives_its_launcher(number: signal.Signals, status: int, tmp_path: Path) -> None:
    launcher = subprocess.Popen([sys.executable, str(HERE / "launching.py"), str(HERE), str(tmp_path)])
    end = time.monotonic() + 120
    while time.monotonic() < end and len(list(tmp_path.glob("*.waiting"))) < 2:
        assert launcher.poll() is None
        time.sleep(0.1)
    ranks = [int(path.read_text()) for path in tmp_path.glob("*.pid")]
    children = [int(child) for child in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()]
    assert len(ranks) == 2 and children and all(map(_alive, [*ranks, *children]))
    launcher.send_signal(number)
    assert launcher.wait(60) == status
    assert _gone([*ranks, *children])
