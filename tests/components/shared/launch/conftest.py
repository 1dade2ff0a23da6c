"""Jobs of two ranks on this machine."""

import os
from pathlib import Path

import pytest

from inkling.components.shared.launch.job import Job

HERE = Path(__file__).parent


@pytest.fixture
def two_ranks(tmp_path: Path):
    """Returns a function that describes two ranks of the program `ranks.py`."""

    def job(way: str) -> Job:
        path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        environment = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        return Job("test", "ranks", (way, str(tmp_path)), tmp_path / "logs", processes=2, environment=environment)

    return job
