"""The commands for a cluster: compile, submit, status, logs, cancel."""

import os
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from inkling.components.shared.config import ConfigError
from inkling.pipelines.commands.options import Overrides, Profile

if TYPE_CHECKING:
    from inkling.pipelines.cluster.endpoint import Endpoint
    from inkling.pipelines.ir import Compiled

ENDPOINT_VARIABLE, TOKEN_VARIABLE = "INKLING_KFP_ENDPOINT", "INKLING_KFP_TOKEN"
Url = Annotated[str | None, typer.Option("--endpoint", help=f"Address of the endpoint; else {ENDPOINT_VARIABLE}.")]
_CRON_FIELDS = 6
PipelineName = Annotated[
    Literal["visual-prior", "monitor"],
    typer.Option("--pipeline", help="visual-prior makes a model, monitor watches what a served one is asked."),
]
RunId = Annotated[str, typer.Argument(help="Identity of the run, as `inkling submit` printed it.")]


def add_commands(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("compile")(compile_ir)
    for command in (submit, status, logs, cancel):
        app.command()(command)


def compile_ir(
    profile: Profile = "cluster",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory for the files.")] = Path("compiled"),
    pipeline: PipelineName = "visual-prior",
) -> None:
    """Compiles the pipeline of a profile: KFP IR with its platform spec, Pipeline and PipelineVersion, pod policies.

    Examples:
        inkling compile --profile cluster --output compiled

        inkling compile --profile gpu --set mixture.recipe=mix0 --output compiled

        inkling compile --pipeline monitor --set monitor.max_blind=0.5 --output compiled
    """
    from inkling.pipelines import profiles
    from inkling.pipelines.ir import refuse_local_data

    text = profiles.load(profile, overrides)
    refuse_local_data(text)
    compiled = _compiler(pipeline)(text, output)
    report_compiled(compiled, compiled.files)


def submit(
    profile: Profile = "cluster",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    endpoint: Url = None,
    experiment: Annotated[str, typer.Option(help="Experiment that the run is filed under.")] = "inkling",
    pipeline: PipelineName = "visual-prior",
    cron: Annotated[
        str | None,
        typer.Option(help="Run it again and again: second, minute, hour, day of the month, month, day of the week."),
    ] = None,
) -> None:
    """Compiles the pipeline of a profile and starts a run of it on Kubeflow Pipelines, or with --cron a recurring run.

    The token, where the endpoint wants one, is read from INKLING_KFP_TOKEN and from nowhere else.

    Examples:
        inkling submit --profile gpu --endpoint http://127.0.0.1:8888

        inkling submit --profile cluster --set mixture.recipe=mix0 --set seed=1

        inkling submit --pipeline monitor --set monitor.max_blind=0.5 --cron '0 0 6 * * *'
    """
    from inkling.pipelines import profiles
    from inkling.pipelines.ir import refuse_local_data

    if cron is not None and len(cron.split()) != _CRON_FIELDS:
        raise ConfigError(
            f"--cron '{cron}' has {len(cron.split())} fields; Kubeflow Pipelines reads {_CRON_FIELDS}: second, minute, "
            "hour, day of the month, month, day of the week, as in '0 0 6 * * *', every day at six"
        )
    text = profiles.load(profile, overrides)
    refuse_local_data(text)
    name = profile if pipeline == "visual-prior" else pipeline
    submit_compiled(endpoint, partial(_compiler(pipeline), text), text, {"config": text}, name, experiment, cron)


def status(run_id: RunId, endpoint: Url = None) -> None:
    """Reports how a run stands, task by task.

    Example: inkling status 2f1c6a1e --endpoint http://127.0.0.1:8888
    """
    state = _connect(endpoint).state(run_id)
    print(f"{state.name}: {state.state}{f' ({state.error})' if state.error else ''}")
    for name, task, _ in state.tasks:
        print(f"  {name:<28}{task}")


def logs(
    run_id: RunId,
    task: Annotated[str | None, typer.Option(help="Only this task, by the name that `inkling status` prints.")] = None,
    endpoint: Url = None,
) -> None:
    """Prints the logs of the pods of a run.

    Example: inkling logs 2f1c6a1e --task pretrain
    """
    for name, text in _connect(endpoint).logs(run_id, task):
        for line in text.splitlines():
            print(f"{name}: {line}")


def cancel(run_id: RunId, endpoint: Url = None) -> None:
    """Ends a run; artifacts that are whole stay, and a later run of the same profile reuses them.

    Example: inkling cancel 2f1c6a1e
    """
    _connect(endpoint).cancel(run_id)
    print(f"{run_id} is being ended")


def submit_compiled(
    endpoint: str | None,
    compile_into: "Callable[[Path], Compiled]",
    profile: str,
    parameters: dict[str, Any],
    name: str,
    experiment: str,
    cron: str | None = None,
) -> None:
    """Compiles and submits a pipeline and prints the identity of the run.

    Args:
        endpoint: Address of the endpoint; that of the environment if None.
        compile_into: Compiles into a folder.
        profile: The checked profile, as YAML text.
        parameters: What the pipeline is run with.
        name: What the run is called, before the time.
        experiment: Experiment that the run is filed under.
        cron: When it is run again and again; once if None.
    """
    from inkling.components.shared.launch.placement import PlacementConfig

    connection = _connect(endpoint)
    with tempfile.TemporaryDirectory() as folder:
        _report_unpinned(compile_into(Path(folder)))
        unique = f"{Path(name).stem}-{time.strftime('%Y%m%d-%H%M%S')}"
        what = (Path(folder) / "pipeline.yaml", parameters, unique, PlacementConfig.parse(profile), experiment)
        print(connection.submit(*what) if cron is None else connection.schedule(*what, cron))


def _compiler(pipeline: str) -> "Callable[[str, Path], Compiled]":
    """What compiles the named pipeline: takes a checked profile and a folder."""
    from inkling.pipelines import ir

    return ir.compile_monitor_for_cluster if pipeline == "monitor" else ir.compile_for_cluster


def report_compiled(compiled: "Compiled", files: Iterable[Path]) -> None:
    """Prints what was written, what it asks of a cluster at most at one time, and what it leaves open."""
    from inkling.pipelines.cluster.demand import lines

    for line in (*files, *lines(compiled.asked)):
        print(line)
    _report_unpinned(compiled)


def _report_unpinned(compiled: "Compiled") -> None:
    if compiled.unpinned:
        print(f"named by tag, not by digest (set placement.images): {', '.join(compiled.unpinned)}")


def _connect(url: str | None) -> "Endpoint":
    """The endpoint that was named.

    Raises:
        ConfigError: If none was, or the address cannot be one.
    """
    from inkling.pipelines.cluster.endpoint import Endpoint

    address = url or os.environ.get(ENDPOINT_VARIABLE)
    if not address:
        raise ConfigError(f"no endpoint: give --endpoint http://HOST:PORT, or set {ENDPOINT_VARIABLE}")
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"the endpoint '{address}' must begin with http:// or https://")
    return Endpoint(address, os.environ.get(TOKEN_VARIABLE) or None)
