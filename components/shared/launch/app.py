"""A job as TorchX takes it: torchrun on every node, and how its log lines look."""

import re
import sys
from pathlib import Path

from torchx.components.dist import torchrun
from torchx.specs import AppDef

from inkling.components.shared.launch.job import Job

_PREFIX = "[rank ${rank}] "
_LINE = re.compile(r"(?:\S+Z )?\[rank (\d+)\] ?(.*)")


def app_definition(job: Job) -> AppDef:
    """The one definition that every scheduler runs.

    On this machine the ranks run this very interpreter; in an image, the one on its path.
    """
    node = job.node
    return torchrun(
        *job.arguments,
        m=job.module,
        name=f"inkling/{job.name}",
        image=node.image if node else "",
        cpu=node.cpus if node else -1,
        gpu=node.gpus if node else 0,
        memMB=1000 * node.memory_gb if node else -1,
        j=f"{job.nodes}x{job.processes}",
        env={**rank_environment(job), **({} if node else {"PATH": str(Path(sys.executable).parent)})},
        mounts=[part for claim, path in (node.claims if node else {}).items() for part in mount_arguments(claim, path)],
    )


def mount_arguments(claim: str, path: str) -> tuple[str, str, str]:
    """A volume claim in the form of TorchX's `--mount`."""
    return "type=volume", f"src={claim}", f"dst={path}"


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
    """Splits a log line into the rank that wrote it (None: torchrun itself) and what it wrote."""
    match = _LINE.fullmatch(line)
    return (int(match[1]), match[2]) if match else (None, line)
