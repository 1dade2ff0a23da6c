"""`inkling mixture`: looking at mixtures."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="The mixtures: what two of them have in common.")
_PLACE = "A Tokens artifact, or the directory of a finished run."


@app.callback()
def mixture() -> None:
    """Keeps `compare` a command of its own while it is the only one."""


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help=_PLACE)],
    second: Annotated[Path, typer.Argument(help=_PLACE)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the report goes.")] = Path("mixtures.html"),
) -> None:
    """Compares two mixtures: sources, labels and segment lengths, in a table and in an Evidently report.

    Example: inkling mixture compare .inkling/runs/laptop-mix0 .inkling/runs/laptop-mix6 --output drift.html
    """
    from inkling.pipelines.compare import draw, find_tokens, shares_table, write_report

    mixtures = find_tokens(first), find_tokens(second)
    samples = draw(mixtures[0]), draw(mixtures[1])
    names = f"A: {mixtures[0].blend().recipe}", f"B: {mixtures[1].blend().recipe}"
    Console(file=sys.stdout).print(shares_table(names, mixtures, samples))
    write_report(samples, output)
    print(output)
