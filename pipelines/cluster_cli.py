"""The commands for a cluster: compile, submit, status, logs, cancel."""

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkling.components.config import ConfigError

if TYPE_CHECKING:
    from inkling.pipelines.endpoint import Endpoint

ENDPOINT_VARIABLE, TOKEN_VARIABLE = "INKLING_KFP_ENDPOINT", "INKLING_KFP_TOKEN"
Profile = Annotated[str, typer.Option("--profile", "-p", help="A shipped profile (cluster, gpu) or a YAML file.")]
Overrides = Annotated[list[str], typer.Option("--set", "-s", help="Replace a setting: stage.key=value. Repeatable.")]
Url = Annotated[str | None, typer.Option("--endpoint", help=f"Address of the endpoint; else {ENDPOINT_VARIABLE}.")]
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
) -> None:
    """Compiles the pipeline of a profile: KFP IR with its platform spec, Pipeline and PipelineVersion, pod policies.

    Examples:
        inkling compile --profile cluster --output compiled

        inkling compile --profile gpu --set mixture.recipe=mix0 --output compiled
    """
    from inkling.pipelines import profiles
    from inkling.pipelines.compile import compile_for_cluster

    compiled = compile_for_cluster(profiles.load(profile, overrides), output)
    for path in compiled.files:
        print(path)
    if compiled.unpinned:
        print(f"named by tag, not by digest (set placement.images): {', '.join(compiled.unpinned)}")


def submit(
    profile: Profile = "cluster",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    endpoint: Url = None,
    experiment: Annotated[str, typer.Option(help="Experiment that the run is filed under.")] = "inkling",
) -> None:
    """Compiles the pipeline of a profile and starts a run of it on Kubeflow Pipelines.

    The token, where the endpoint wants one, is read from INKLING_KFP_TOKEN and from nowhere else.

    Examples:
        inkling submit --profile gpu --endpoint http://127.0.0.1:8888

        inkling submit --profile cluster --set mixture.recipe=mix0 --set seed=1
    """
    from inkling.pipelines import profiles
    from inkling.pipelines.compile import compile_for_cluster
    from inkling.pipelines.placement import PlacementConfig

    text = profiles.load(profile, overrides)
    connection = _connect(endpoint)
    with tempfile.TemporaryDirectory() as folder:
        compiled = compile_for_cluster(text, Path(folder))
        if compiled.unpinned:
            print(f"named by tag, not by digest (set placement.images): {', '.join(compiled.unpinned)}")
        name = f"{Path(profile).stem}-{time.strftime('%Y%m%d-%H%M%S')}"
        run_id = connection.submit(Path(folder) / "pipeline.yaml", text, name, PlacementConfig.parse(text), experiment)
    print(run_id)


def status(run_id: RunId, endpoint: Url = None) -> None:
    """Says how a run stands, task by task.

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
    """Prints what the pods of a run have said.

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


def _connect(url: str | None) -> "Endpoint":
    """The endpoint that was named.

    Raises:
        ConfigError: If none was, or the address cannot be one.
    """
    from inkling.pipelines.endpoint import Endpoint

    address = url or os.environ.get(ENDPOINT_VARIABLE)
    if not address:
        raise ConfigError(f"no endpoint: give --endpoint http://HOST:PORT, or set {ENDPOINT_VARIABLE}")
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"the endpoint '{address}' must begin with http:// or https://")
    return Endpoint(address, os.environ.get(TOKEN_VARIABLE))
