"""Tasks as forks of one process that has imported the large frameworks, instead of an import a task.

torch, transformers and NeMo take ten seconds to import on a laptop, and eight of the thirteen tasks need them. Python's
fork server imports them on another core while the first tasks, which do without, are at work. A forked task is still a
process of its own that runs the command of the IR on the inputs of the IR.
"""

import contextlib
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kfp.local import SubprocessRunner

SOCKETS_VARIABLE = "INKLING_SOCKETS"
"""Where the fork server finds the folder of its socket, which it removes where this process is killed."""
_STAGES = {"pretrain", "encode", "adapt", "evaluate", "probe", "export"}
_LIGHT = {"scenes", "suites", "corpus", "label", "mixture"}
"""Stages that need none of the frameworks: forked where the server has them, which is sooner than an interpreter."""
_PRELOAD = "inkling.pipelines.local.frameworks"
_PROGRAM, _ARGUMENTS = 3, slice(4, None)
"""Where a lightweight component's command has its program, and the arguments of KFP's executor; first comes a shell."""


@contextlib.contextmanager
def warm_tasks(waiting: Collection[str]) -> Iterator["SubprocessRunner"]:
    """Lets the subprocess runner of `kfp.local` fork the tasks of stages that need the frameworks, and gives it.

    The fork server takes over the environment as it is now, and ends with this process.

    Args:
        waiting: The stages that have work to do; nothing is imported for those that only hand on what they made before.
    """
    from kfp.local import SubprocessRunner
    from kfp.local import subprocess_task_handler as handler

    runner = SubprocessRunner(use_venv=False)
    forked = _STAGES.intersection(waiting)
    if not forked:
        yield runner
        return
    start_cold = handler.run_local_subprocess
    quick = set(forked)

    def start(full_command: list[str], env_vars: dict[str, str] | None = None) -> int:
        if not quick.intersection(full_command[_ARGUMENTS]):
            return start_cold(full_command, env_vars)
        status = _fork(full_command, env_vars)
        quick.update(_LIGHT)  # the server has its imports now: in a study, the next run's tasks do not wait for them
        return status

    os.environ[SOCKETS_VARIABLE] = get_temp_dir()
    multiprocessing.set_forkserver_preload([_PRELOAD])
    forkserver.ensure_running()
    handler.run_local_subprocess = start
    try:
        yield runner
    finally:
        handler.run_local_subprocess = start_cold


def _fork(command: Sequence[str], environment: Mapping[str, str] | None) -> int:
    """Runs a component's command in a fork, prints what it prints, and returns its exit status."""
    context = multiprocessing.get_context("forkserver")
    reader, writer = context.Pipe(duplex=False)
    task = context.Process(target=_run, args=(command[_PROGRAM], command[_ARGUMENTS], environment or {}, writer))
    task.start()
    writer.close()
    try:
        with reader, os.fdopen(os.dup(reader.fileno()), errors="replace") as lines:
            for line in lines:
                print(line, end="")
    except BaseException:
        task.terminate()
        raise
    finally:
        task.join()
    return task.exitcode or 0


def _run(program: str, arguments: Sequence[str], environment: Mapping[str, str], output: Connection) -> None:
    """What the shell in a component's command does: keeps the program in a file and gives it to KFP's executor."""
    from kfp.dsl.executor_main import executor_main

    os.dup2(output.fileno(), sys.stdout.fileno())
    os.dup2(output.fileno(), sys.stderr.fileno())
    output.close()
    os.environ.update(environment)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ephemeral_component.py"
        path.write_text(program)
        sys.argv = ["executor", "--component_module_path", str(path), *arguments]
        executor_main()
