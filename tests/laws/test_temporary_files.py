"""The tests leave nothing in the folder of temporary files; `tests/pipelines/local/test_run.py` says it of runs."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TEST = "tests/pipelines/local/test_warm.py::test_a_task_that_fails_fails_the_run_and_its_message_is_seen"
"""A test with KFP's workspace, the program of a task, and the socket of a fork server."""


def test_a_test_leaves_no_temporary_files(root: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", TEST]
        run = subprocess.run(
            command, cwd=root, env={**os.environ, "TMPDIR": folder}, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert "Traceback" not in run.stderr
        assert list(Path(folder).iterdir()) == []
