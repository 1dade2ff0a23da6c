"""`inkling labels`: what the labeller says of a profile's corpus, and whether another one or a person agrees."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from inkling.components.shared.report.screen import show, with_columns
from inkling.pipelines.commands.options import Overrides, Profile

if TYPE_CHECKING:
    from inkling.components.label.audit_report import Audit

app = typer.Typer(no_args_is_help=True, help="The labels: what the labeller says, and who agrees with it.")
Count = Annotated[int, typer.Option(help="Segments of each source and label at most.", min=1)]
Seed = Annotated[int, typer.Option(help="Seed of the draw.")]


@app.command()
def describe(profile: Profile = "laptop", overrides: Overrides = []) -> None:  # noqa: B006 (typer wants a list)
    """Labels a profile's corpus and prints the shares by source beside those of LSBS Table 4.

    Examples:
        inkling labels describe

        inkling labels describe --set label.labeller=embedding
    """
    from inkling.pipelines import profiles
    from inkling.pipelines.commands.describe import labelled
    from inkling.pipelines.local import run as local

    labelled(profiles.load(profile, overrides), local.home())


@app.command()
def sample(
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet: .csv or .jsonl.")] = Path("labels.csv"),
    count: Count = 3,
    seed: Seed = 0,
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
) -> None:
    """Draws segments of every source and label for a person to read, without saying what the labeller thinks.

    Fill in all six labels (1 or 0) of as many rows as you like, then give the sheet to `inkling labels audit --sheet`.

    Example: inkling labels sample --output mine.csv --count 3
    """
    from inkling.components.label.audit_sample import draw
    from inkling.components.label.audit_sheet import check_name, write_sheet
    from inkling.components.label.config import LabelConfig
    from inkling.pipelines import profiles
    from inkling.pipelines.commands.describe import labelled
    from inkling.pipelines.local.run import home

    check_name(output)
    text = profiles.load(profile, overrides)
    drawn = draw(*labelled(text, home()), count, seed)
    key = write_sheet(output, drawn, LabelConfig.parse(text).labeller, seed)
    print(
        f"{len(drawn)} segments in {output}; {key} holds what the labeller says: do not look before you have answered"
    )


@app.command()
def audit(
    against: Annotated[str, typer.Option(help="The second labeller: lexicon, embedding or llm.")] = "embedding",
    sheet: Annotated[Path | None, typer.Option(help="A person's answers, in place of a second labeller.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the figures go; the page beside it.")] = Path(
        "labels-audit.json"
    ),
    count: Count = 10,
    seed: Seed = 0,
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
) -> None:
    """Compares the profile's labeller with another one, or with a person's answers: Cohen's kappa for each label.

    Examples:
        inkling labels audit --against embedding

        inkling labels audit --sheet mine.csv

        inkling labels audit --against llm --set label.llm.url=http://127.0.0.1:8000/v1
            --set label.llm.model=qwen3 --set 'label.llm.hosts=[127.0.0.1]'
    """
    from inkling.components.label.audit_report import read_again, second_labeller, write_audit
    from inkling.components.label.audit_sample import draw
    from inkling.components.label.audit_sheet import read_sheet
    from inkling.components.label.config import LabelConfig
    from inkling.pipelines import profiles
    from inkling.pipelines.commands.describe import labelled
    from inkling.pipelines.local.run import home

    if sheet:
        labeller, drawn, reading = read_sheet(sheet)
        sides = labeller, "person"
    else:
        text = profiles.load(profile, overrides)
        second = second_labeller(text, against)
        drawn = draw(*labelled(text, home()), count, seed)
        reading = read_again(second, drawn)
        sides = LabelConfig.parse(text).labeller, against
    _print_audit(write_audit(drawn, reading, sides, output, seed), sides, output)


def _print_audit(audit: "Audit", sides: tuple[str, str], output: Path) -> None:
    from inkling.components.label.audit_page import cells, headings

    table = with_columns(Table(), headings(*sides))
    for row in audit.rows:
        table.add_row(*cells(row))
    console = Console(file=sys.stdout)
    show(table, console)
    console.print(f"{audit.meaning}\nfigures in {output}, disagreements to read in {audit.page}", highlight=False)
