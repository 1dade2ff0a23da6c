"""Running the compiled pipeline on this machine: the same IR, each task in a process of its own."""

import contextlib
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch.placement import PlacementConfig, unmet
from inkling.components.shared.runtime import progress, watchdog
from inkling.components.shared.store import store
from inkling.components.shared.text import require_text
from inkling.models.strict_json import to_json
from inkling.pipelines.fan_out import FanOut
from inkling.pipelines.ir import compile_pipeline, optional_stages, read_ir
from inkling.pipelines.local.console import RunConsole, last_error
from inkling.pipelines.local.containers import container_tasks
from inkling.pipelines.local.plan import Task, plan
from inkling.pipelines.local.warm import warm_tasks
from inkling.pipelines.profiles import check_export, check_recipe, places

ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore:resource_tracker",  # a task that is stopped leaves semaphores, which Python then removes
    progress.MODE_VARIABLE: "events",
}
"""Environment of the stages' processes."""

_TEMPORARY = "TMPDIR"

if TYPE_CHECKING:
    from kfp.local import DockerRunner, SubprocessRunner


class RunError(RuntimeError):
    """A run that failed; the message says in which task and why."""


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        path: Its directory: the IR, the log, and `run.json`.
        outputs: Directory of each output, by task and output name in the IR.
        seconds: Wall time of each task, by its label.
    """

    path: Path
    outputs: dict[str, dict[str, str]]
    seconds: dict[str, float]

    @classmethod
    def read(cls, path: Path) -> "Run":
        """Reads back a finished run.

        Raises:
            RunError: If there is no finished run at that place.
        """
        try:
            stored = json.loads((path / "run.json").read_text())
        except FileNotFoundError:
            raise RunError(f"no finished run at {path}: `inkling run` makes one") from None
        return cls(path.resolve(), stored["outputs"], stored["seconds"])


def home() -> Path:
    """Where runs and artifacts live: `INKLING_HOME`, or `.inkling` in the current directory.

    Raises:
        ConfigError: If the path is not UTF-8, which a pipeline cannot name.
    """
    path = Path(os.environ.get("INKLING_HOME") or ".inkling").resolve()
    require_text(str(path), "INKLING_HOME, where runs and artifacts live")
    return path


def use_store() -> None:
    """Lets this process and its tasks keep and find artifacts in this home's store."""
    os.environ[store.STORE_VARIABLE] = str(home() / "store")


def run(profile: str, name: str, console: Console, containers: bool = False) -> Run:
    """Runs the visual_prior pipeline.

    Args:
        profile: The checked profile, as YAML text.
        name: Name of the profile, for the run's directory.
        console: Where progress is shown.
        containers: Whether each task runs in a container of its image instead of a process of this machine.

    Raises:
        ConfigError: If the adapted model could not be exported, or containers cannot find what a setting names.
        ConfigError: If the corpus lacks a source of the recipe, or the adapted model could not be exported.
        RunError: If a task fails.
        ContainerError: If containers are requested and cannot be run.
    """
    check_recipe(profile)
    check_export(profile)
    readable = _data(profile) if containers else []
    path = home() / "runs" / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    path.mkdir(parents=True)
    (path / "profile.yaml").write_text(profile)
    compile_pipeline(path / "pipeline.yaml", optional_stages(profile), FanOut.of(profile, at_once=1))
    use_store()
    ir = read_ir(path / "pipeline.yaml")
    tasks = plan(ir, profile)
    _announce(tasks, console)
    for line in unmet(PlacementConfig.parse(profile)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    os.environ.update(ENVIRONMENT)
    if containers:
        runner = container_tasks(home(), [home() / "store", path / "tasks"], _images(ir), ENVIRONMENT, readable)
    else:
        os.environ[watchdog.RUNNER_VARIABLE] = str(os.getpid())
        runner = warm_tasks({task.stage for task in tasks if not task.reused})
    with temporary_files(path / "tmp"), runner as chosen:
        labels = {task.name: task.label for task in tasks}
        seconds = execute(path, path / "pipeline.yaml", {"config": profile}, labels, console, chosen)
    finished = Run(path, _outputs(path, tasks), seconds)
    (path / "run.json").write_text(to_json({"outputs": finished.outputs, "seconds": seconds}, indent=2))
    latest = path.with_name("latest")
    latest.unlink(missing_ok=True)
    latest.symlink_to(path.name)
    return finished


@contextlib.contextmanager
def temporary_files(folder: Path) -> Iterator[None]:
    """Lets the processes of a run keep temporary files in a folder, which is removed at the end.

    KFP's executors, torch, wandb and others never remove some of theirs. Of a run that is killed they stay in the
    folder, outside of the system's own.
    """
    tempfile.gettempdir()  # this process keeps to the system's folder: the path of a socket has at most 107 bytes
    folder.mkdir()
    before = os.environ.get(_TEMPORARY)
    os.environ[_TEMPORARY] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(_TEMPORARY)
        if before is not None:
            os.environ[_TEMPORARY] = before
        shutil.rmtree(folder, ignore_errors=True)


def _announce(tasks: list[Task], console: Console) -> None:
    reused = [task.label for task in tasks if task.reused]
    waiting = [task.label for task in tasks if not task.reused]
    if reused:
        console.print(f"reused, made before by the same code of the same inputs: {', '.join(reused)}", highlight=False)
    console.print(f"to do: {', '.join(waiting)}" if waiting else "nothing to do", highlight=False)


def _data(profile: str) -> list[Path]:
    """The folders of what the profile's settings name on this machine.

    Raises:
        ConfigError: If a setting names it by a path that is another one in a container.
    """
    found = set()
    for setting, named in places(profile).items():
        for place in map(Path, named):
            if not place.is_absolute():
                raise ConfigError(f"{setting}: tasks in containers need the whole path of {place}: {place.absolute()}")
            found.add(place if place.is_dir() else place.parent)
    return sorted(found)


def _images(ir: Mapping[str, Any]) -> set[str]:
    """The images that the tasks of a pipeline run in."""
    return {executor["container"]["image"] for executor in ir["deploymentSpec"]["executors"].values()}


def execute(
    path: Path,
    ir: Path,
    parameters: Mapping[str, Any],
    labels: Mapping[str, str],
    console: Console,
    runner: "SubprocessRunner | DockerRunner",
) -> dict[str, float]:
    """Runs the IR in a directory.

    Args:
        path: The directory of the run.
        ir: The compiled pipeline.
        parameters: The pipeline's parameters.
        labels: Name for a person of each task, by its name in the IR.
        console: Where progress is shown.
        runner: What runs a task.

    Returns:
        The wall time of each task by label.

    Raises:
        RunError: If a task fails.
    """
    from kfp import components, local

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workspace = path / "workspace"  # KFP removes it at the end of a run; a killed one leaves it here, not in /tmp
        workspace.mkdir(exist_ok=True)
        local.init(runner=runner, pipeline_root=str(path / "tasks"), workspace_root=str(workspace))
        pipeline = components.load_component_from_file(str(ir))
        with RunConsole(labels, path / "log.txt", console) as screen, contextlib.redirect_stdout(screen):
            try:
                pipeline(**parameters)
            except RuntimeError:
                failed = True
            else:
                failed = False
    if failed:
        raise RunError(f"{last_error(path / 'log.txt')}\nThe whole log: {path / 'log.txt'}")
    return {labels.get(name, name): seconds for name, seconds in screen.seconds.items()}


def _outputs(path: Path, tasks: list[Task]) -> dict[str, dict[str, str]]:
    """Finds the directory of each output below the pipeline root."""
    found: dict[str, dict[str, str]] = {}
    for manifest in sorted((path / "tasks").glob("*/*/*/manifest.json")):
        output = manifest.parent
        found.setdefault(output.parent.name, {})[output.name] = str(output)
    return {task.name: found[task.name] for task in tasks}
