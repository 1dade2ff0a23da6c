"""The command `inkling monitor`: is what the server is asked, and how it answers, what the model was evaluated on?"""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inkling.components.shared.config import ConfigError

if TYPE_CHECKING:
    from inkling.components.serve.monitoring import Monitored

_HOUR = 3_600


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
    from inkling.components.artifacts.answers import Answers
    from inkling.components.artifacts.bundle import Bundle
    from inkling.components.artifacts.questions import Questions
    from inkling.components.serve.monitoring import monitor as compare
    from inkling.components.serve.monitoring import reference_rows
    from inkling.components.serve.request_log import logged_files, read_log
    from inkling.pipelines.local import run as local

    if not logged_files(log):
        raise ConfigError(f"{log} holds no request log: start the server with the setting `request_log: {log}`")
    finished = local.Run.read(run or local.home() / "runs" / "latest").outputs
    questions = Questions.open(finished["suites" if "suites" in finished else "scenes"]["questions"])
    answers = Answers.open(finished["evaluate"]["answers"])
    bundle = Bundle.open(finished["export"]["bundle"])
    reference = [
        asdict(row)
        for row in reference_rows(
            questions.questions("test"), answers.answers(split="test"), questions.images(), bundle
        )
    ]
    try:
        found = compare(list(read_log(log, time.time() - hours * _HOUR)), reference, output)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    _show(found, output)
    passed = past(found, max_drifted, max_blind, max_empty)
    if passed:
        raise RuntimeError("; ".join(passed))


def past(found: "Monitored", max_drifted: float, max_blind: float, max_empty: float) -> list[str]:
    """The thresholds that were passed, in words."""
    shares = {
        "of the columns drifted": (found.drifted, max_drifted),
        "of the answers were blind": (found.blind, max_blind),
        "of the generated answers were empty": (found.empty or 0.0, max_empty),
    }
    return [f"{share:.0%} {what}, {borne:.0%} are borne" for what, (share, borne) in shares.items() if share > borne]


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
