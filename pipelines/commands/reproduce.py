"""The command `inkling reproduce`."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer


def add_commands(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("reproduce")(reproduce_artifact)


def reproduce_artifact(
    path: Annotated[Path, typer.Argument(help="Directory of the artifact, in the store or in a run.")],
    keep: Annotated[Path | None, typer.Option(help="Where to keep what is made; else it is removed.")] = None,
) -> None:
    """Makes an artifact again from its sources, by its recorded configs and seeds, and says which digests match.

    Everything below it is made again too, at the time that it took. Bits can differ with another CPU, another number
    of threads or a GPU; code and packages that are not those recorded are named. Ends with status 1 if one differs.

    Example: inkling reproduce .inkling/store/mixture-0123456789abcdef/tokens
    """
    from inkling.pipelines.local.reproduce import reproduce
    from inkling.pipelines.local.run import home

    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        for outcome in reproduce(path, home() / "store", keep or Path(folder)):
            told = "the same" if outcome.matches else "DIFFERENT"
            print(f"{outcome.stage}/{outcome.output}: {told} {outcome.recorded[:16]} {outcome.made[:16]}")
            for difference in outcome.differs:
                print(f"  {difference}")
            if not outcome.matches and not outcome.differs:
                print("  nothing known differs: another CPU, another number of threads, or a GPU?")
            differing += not outcome.matches
    if differing:
        raise typer.Exit(1)
