"""The command `inkling monitor`: is what the server is asked, and how it answers, what the model was evaluated on?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from inkling.components.monitor.compare import Monitored


def monitor(
    log: Annotated[Path, typer.Argument(help="Folder of the server's request log (its setting `request_log`).")],
    run: Annotated[
        Path | None, typer.Option(help="Directory of the run that made the model; the latest if left out.")
    ] = None,
    hours: Annotated[float, typer.Option(help="How far back answers are taken.", min=0.01)] = 24.0,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file that Evidently's report goes to.")] = Path(
        "drift.html"
    ),
    max_drifted: Annotated[float, typer.Option(help="Share of drifted columns that is borne.", min=0, max=1)] = 0.5,
    max_blind: Annotated[
        float, typer.Option(help="Share of answers without an image that is borne.", min=0, max=1)
    ] = 1.0,
    max_empty: Annotated[
        float, typer.Option(help="Share of empty generated answers that is borne.", min=0, max=1)
    ] = 0.1,
) -> None:
    """Compares what a server was asked and answered with the evaluation of its model; fails past the thresholds.

    The log holds numbers only: how long questions and answers are, how sure a choice was, how bright an image is and of
    what contrast. It ends with status 1 where a threshold is passed, so that a schedule can tell.

    Examples:
        inkling monitor requests --hours 24 --output drift.html

        inkling monitor requests --max-blind 0.5 --max-empty 0.05
    """
    from inkling.components.monitor.build import monitor_log, past
    from inkling.components.monitor.config import MonitorConfig
    from inkling.pipelines.local import run as local

    config = MonitorConfig(hours=hours, max_drifted=max_drifted, max_blind=max_blind, max_empty=max_empty)
    finished = local.Run.read(run or local.home() / "runs" / "latest").outputs
    questions = finished["suites" if "suites" in finished else "scenes"]["questions"]
    evaluated, bundle = finished["evaluate"]["answers"], finished["export"]["bundle"]
    found = monitor_log(config, log, bundle, questions, evaluated, output)
    _show(found, output)
    if passed := past(config, found.shares()):
        raise RuntimeError("; ".join(passed))


def _show(found: "Monitored", report: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Answers with an image against the evaluation's")
    for name in ("Column", "Test", "Value", "Threshold", "Drifted"):
        table.add_column(name)
    for column in found.columns:
        row: list[Any] = [column.column, column.method, f"{column.value:.3g}", f"{column.threshold:g}"]
        table.add_row(*row, "yes" if column.drifted else "no")
    console = Console()
    console.print(table)
    empty = "none was generated" if found.empty is None else f"{found.empty:.0%} of the generated are empty"
    console.print(f"{found.answers:,} answers, {found.blind:.0%} blind; {empty}\nreport: {report}", highlight=False)
