"""A stage does not outlive the run that started it."""

import subprocess
import sys
import time
from pathlib import Path

STAGE = """
import subprocess, sys, time
from inkling.components.shared.runtime.watchdog import end_with_parent
end_with_parent()
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(worker.pid, flush=True)
time.sleep(60)
"""
RUNNER = f"""
import os, subprocess, sys
os.environ["INKLING_RUNNER"] = str(os.getpid())
command = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, {STAGE!r}]
stage = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
print(stage.stdout.readline().strip(), flush=True)
stage.wait()
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_killed_run_takes_its_stage_and_its_workers_along() -> None:
    runner = subprocess.Popen([sys.executable, "-c", RUNNER], stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    worker = int(runner.stdout.readline())
    assert _alive(worker)
    runner.kill()
    runner.wait()
    deadline = time.monotonic() + 20
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(worker)
