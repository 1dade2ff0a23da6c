"""A job as TorchX takes it: torchrun on every node, and how its log lines look."""

import re
import sys
from pathlib import Path

from torchx.components.dist import torchrun
from torchx.specs import AppDef

from inkling.components.shared.launch.job import Job

_PREFIX = "[rank ${rank}] "
_LINE = re.compile(r"\[rank (\d+)\] ?(.*)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z ")


def app_definition(job: Job) -> AppDef:
    """The one definition that every scheduler runs; what a pod has beside the command is `pod.rank_pod`'s.

    On this machine the ranks run this very interpreter; in an image, the one on its path.
    """
    return torchrun(
        *job.arguments,
        m=job.module,
        name=f"inkling/{job.name}",
        image=job.pod.image if job.pod else "",
        cpu=-1,
        memMB=-1,
        j=f"{job.nodes}x{job.processes}",
        env={**rank_environment(job), **({} if job.pod else _environment_here())},
    )


def _environment_here() -> dict[str, str]:
    """This interpreter, and no error file of torchrun's own: TorchX would read it while it is written."""
    return {"PATH": str(Path(sys.executable).parent), "TORCHELASTIC_ERROR_FILE": ""}


def rank_environment(job: Job) -> dict[str, str]:
    """Environment of every rank: its lines carry its number, and the working directory hides no package."""
    return {
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "TORCHELASTIC_LOG_LINE_PREFIX_TEMPLATE": _PREFIX,
        "PET_LOG_DIR": str(job.logs / "ranks"),
        "PET_MAX_RESTARTS": str(job.retries),
        **job.environment,
    }


def rank_of(line: str) -> tuple[int | None, str]:
    """Splits a log line into the rank that wrote it (None: torchrun itself) and what it wrote, without a pod's time."""
    if time := _TIME.match(line):
        line = line[time.end() :]
    match = _LINE.fullmatch(line)
    return (int(match[1]), match[2]) if match else (None, line)
