"""The commands for a cluster: compile."""

from pathlib import Path
from typing import Annotated

import typer

Profile = Annotated[str, typer.Option("--profile", "-p", help="A shipped profile (cluster, gpu) or a YAML file.")]
Overrides = Annotated[list[str], typer.Option("--set", "-s", help="Replace a setting: stage.key=value. Repeatable.")]


def add_commands(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("compile")(compile_ir)


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
