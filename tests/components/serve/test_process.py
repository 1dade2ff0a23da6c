"""The server's process: it ends with the one that started it."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

PROGRAM = """
import sys, time
from pathlib import Path
from inkling.components.serve.process import running_server
with running_server(Path(sys.argv[1]), Path(sys.argv[2])) as (url, process):
    print(url, process.pid, flush=True)
    time.sleep(600)
"""


def test_server_ends_when_its_starter_is_killed(served, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(served.bundle), str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as starter:
        url, process = starter.stdout.readline().split()
        assert httpx.get(f"{url}/v2/health/ready", trust_env=False).status_code == 200
        starter.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/v2/health/ready", trust_env=False)
            time.sleep(0.1)
        except httpx.TransportError:
            return
    os.kill(int(process), signal.SIGKILL)
    pytest.fail("the server outlived the process that started it")
