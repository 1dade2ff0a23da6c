"""The command `inkling language score`: what a language model knows of language, as one table."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.shared.report.screen import plain_table, show
from inkling.models.strict_json import to_json

language_app = typer.Typer(no_args_is_help=True, help="Language models: what they have learned of language.")


@language_app.callback()
def language() -> None:
    """Language models: what they have learned of language."""


@language_app.command("score")
def score(
    model: Annotated[Path, typer.Argument(help="Directory of a LanguageModel.")],
    tasks: Annotated[
        str | None, typer.Option(help="Public tasks by comma, or `paper` for the paper's ten. Needs their data.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Folder of your own task definitions.")] = None,
    limit: Annotated[int | None, typer.Option(help="Items of a task at most.", min=1)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSON file for the same table.")] = None,
) -> None:
    """Prints perplexity and multiple choice on held-out text, as scored after training, and public tasks on demand.

    The public tasks are those of lm-evaluation-harness; they need the extra `language`, and the network for their data.

    Examples:
        inkling language score runs/latest/language_model

        inkling language score language_model --tasks lambada_openai,piqa --limit 500 --output scores.json

        inkling language score language_model --folder my_tasks --tasks my_task
    """
    from inkling.components.pretrain.scores import score_rows

    opened = LanguageModel.open(model)
    names = [name.strip() for name in (tasks or "").split(",") if name.strip()]
    rows = score_rows(opened, names, folder, limit)
    table = plain_table("", "task", "metric", "value", "95 % interval", "items", text=3)
    for row in rows:
        interval = "" if row["low"] is None else f"{row['low']:.3g} to {row['high']:.3g}"
        table.add_row(row["group"], row["task"], row["metric"], f"{row['value']:.4g}", interval, f"{row['items']:,}")
    show(table, Console(file=sys.stdout))
    if output is not None:
        output.write_text(to_json({"model": opened.digest, "scores": rows}, indent=2) + "\n")
        print(output)
