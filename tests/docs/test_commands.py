"""What the README, the docs and the help print can be typed: names, options and values are those that there are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from inkling.pipelines.local.run import Run

from commands import Unknown, filled, parsed, printed  # isort: skip

PRINTED = printed()
USAGE = typer.BadParameter.__mro__[1]
"""What the command line raises for arguments that it does not take."""
ELSEWHERE = {
    "submit": "a cluster", "status": "a cluster", "logs": "a cluster", "cancel": "a cluster", "study": "minutes a run",
    "serve": "it does not end", "ask": "a server", "chat": "a server", "monitor": "a request log",
    "fetch": "a network", "reproduce": "tests of its own",
    "language score": "public data", "ranks": "a profile of several nodes", "check": "a cluster",
    "evaluate": "tests of its own", "COMMAND": "any of the others",
}  # fmt: skip
"""Commands that are not run here, and what they need; those that they begin with."""
OTHERWISE = {
    "--containers": "a Docker daemon", "embedding": "the sentence encoder", "llm": "an endpoint",
    "--sheet": "a person", "--study STUDY": "a study that was run",
    "stage.key": "any setting", "--devices 64": "a batch for so many",
    "scenes.conversations": "data of one's own", "existence": "masks of one's own",
    "preset=7B": "a machine that holds it: the estimate ends with what would fit", "token_budget=2_200_000": "minutes",
}  # fmt: skip


def values(folder: Path) -> dict[str, str]:
    return {
        **{name: str(folder / name.lower()) for name in ("LABELS", "NEWER", "TOKENS", "OUTPUT")},
        **dict.fromkeys(("CORPUS", "PATH", "DIR", "FILE", "A", "B", "RUN"), str(folder)),
        "P": "tiny",
        "COMMAND": "run",
    }


@pytest.mark.parametrize("command", PRINTED)
def test_a_printed_command_is_understood(command: str, tmp_path: Path) -> None:
    words = filled(command, values(tmp_path))
    try:
        found, rest = parsed(words)
        if rest and "--help" not in rest:
            found.make_context(found.name or "", list(rest))
    except (Unknown, USAGE) as error:
        pytest.fail(f"{PRINTED[command]} prints `inkling {command}`: {error}")


def test_there_are_commands_to_try() -> None:
    pages = set(PRINTED.values())
    assert len(PRINTED) > 40 and {"README.md", "use.md", "text.md", "training.md"} <= pages
    with pytest.raises(Unknown):
        parsed(["corpus", "no-such-command"])


@pytest.mark.soak
@pytest.mark.data
def test_printed_commands_run_at_profile_tiny(tmp_path: Path) -> None:
    environment = {**os.environ, "INKLING_HOME": str(tmp_path / "home"), "COLUMNS": "100"}
    inkling = [sys.executable, "-m", "inkling.pipelines"]
    subprocess.run([*inkling, "run", "--profile", "tiny"], env=environment, check=True, capture_output=True)
    outputs = Run.read(tmp_path / "home" / "runs" / "latest").outputs
    tokens = outputs["mixture"]["tokens"]
    made = {**values(tmp_path), "CORPUS": outputs["corpus"]["corpus"], "A": tokens, "B": tokens, "FILE": "mixtures"}
    failed = []
    for command in PRINTED:
        if command.startswith(tuple(ELSEWHERE)) or any(words in command for words in OTHERWISE):
            continue
        words = filled(command, made)
        found, rest = parsed(list(words))
        takes_profile = any("--profile" in option.opts for option in found.params)
        if words[0] == "run" and "--profile" in rest:  # the other profiles take minutes
            words[words.index("--profile") + 1] = "tiny"
        elif takes_profile and "--profile" not in rest:
            words += ["--profile", "tiny"]
        ended = subprocess.run([*inkling, *words], env=environment, cwd=tmp_path, capture_output=True, text=True)
        if ended.returncode and rest:  # a name alone says which command is meant, not what to type
            failed.append(f"{PRINTED[command]}: inkling {command}: {(ended.stderr or ended.stdout).strip()[-300:]}")
    assert not failed, "\n".join(failed)
    shutil.rmtree(tmp_path / "home")
