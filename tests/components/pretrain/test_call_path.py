"""From the command line to a gradient step a reader opens few files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from inkling.components.artifacts.tokens import Tokens

MOST_FILES = 8
PROFILE = {
    "seed": 0,
    "threads": 1,
    "token_budget": 512,
    "pretrain": {"preset": "tiny", "batch": 4, "context": 32, "warmup_steps": 1, "heldout_windows": 1},
}


@pytest.fixture
def stacks(tokens: Tokens, tmp_path: Path) -> dict[str, list[str]]:
    """The project files on the stack, by moment."""
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(PROFILE))
    noted = tmp_path / "stacks.jsonl"
    program = Path(__file__).with_name("call_path.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tokens.path), str(tmp_path / "profile.yaml")],
        env={
            **os.environ,
            "INKLING_CALL_PATH": str(noted),
            "INKLING_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(program.parent),  # the fork server imports the program too
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for moment, files in map(json.loads, noted.read_text().splitlines()):
        found.setdefault(moment, files)
    return found


def test_few_files_lie_between_the_command_and_a_gradient_step(stacks: dict[str, list[str]]) -> None:
    assert stacks["task"][0] == "pipelines/cli.py"
    assert {"components/pretrain/build.py", "models/training/fit.py"} <= set(stacks["update"])
    assert "models/training/module.py" in stacks["loss"]
    path = list(dict.fromkeys([*stacks["task"], *stacks["backward"], *stacks["update"]]))
    assert len(path) <= MOST_FILES, path
