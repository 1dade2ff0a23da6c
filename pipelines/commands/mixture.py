"""`inkling mixture`: making mixtures of a corpus that there is, and comparing two."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from inkling.components.shared.config import ConfigError
from inkling.components.shared.report.screen import show, with_columns
from inkling.pipelines.commands.options import Overrides, Profile

if TYPE_CHECKING:
    from inkling.components.artifacts.tokens import Tokens
    from inkling.components.label.mixtures import ShareRow

app = typer.Typer(no_args_is_help=True, help="The mixtures: rebuild one as of a day, compare two.")
_PLACE = "A Tokens artifact, or the directory of a finished run."


@app.command()
def label(
    corpus: Annotated[Path, typer.Argument(help="A Corpus artifact.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the Labels artifact goes.")],
    earlier: Annotated[Path | None, typer.Option(help="Earlier labels of the corpus; they are kept.")] = None,
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
) -> None:
    """Labels a corpus again, behind the labels that it has: mixtures as of an earlier day stay what they are.

    Example: inkling mixture label CORPUS --earlier LABELS --set label.date=2026-06-01 --output NEW_LABELS
    """
    from inkling.components.label.build import build_labels
    from inkling.components.label.config import LabelConfig
    from inkling.pipelines import profiles
    from inkling.pipelines.local.run import use_store

    use_store()
    build_labels(LabelConfig.parse(profiles.load(profile, overrides)), corpus, output, earlier)
    print(output)


@app.command()
def build(
    corpus: Annotated[Path, typer.Argument(help="A Corpus artifact.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the Tokens artifact goes.")],
    labels: Annotated[Path | None, typer.Option(help="Labels of the corpus, for a recipe that names labels.")] = None,
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
) -> None:
    """Makes the tokens of a recipe and prints the digest of their content, by which a rebuilt mixture is known.

    Example: inkling mixture build CORPUS --labels LABELS --set mixture.as_of=2026-01-01 --output TOKENS
    """
    from inkling.components.mixture.build import build_mixture
    from inkling.components.mixture.config import MixtureConfig
    from inkling.pipelines import profiles
    from inkling.pipelines.local.run import use_store

    use_store()
    tokens = build_mixture(MixtureConfig.parse(profiles.load(profile, overrides)), corpus, output, labels)
    print(f"{output}  {tokens.digest}")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help=_PLACE)],
    second: Annotated[Path, typer.Argument(help=_PLACE)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the report goes.")] = Path("mixtures.html"),
) -> None:
    """Compares two mixtures: sources, labels and segment lengths, in a table and in an Evidently report.

    Example: inkling mixture compare .inkling/runs/laptop-mix0 .inkling/runs/laptop-mix6 --output drift.html
    """
    from inkling.components.label.mixtures import compare_mixtures

    mixtures = find_tokens(first), find_tokens(second)
    rows = compare_mixtures(*mixtures, output)
    show(_shares_table(rows, *(mixture.blend().recipe for mixture in mixtures)), Console(file=sys.stdout))
    print(output)


def find_tokens(place: Path) -> "Tokens":
    """Opens the tokens of a mixture.

    Args:
        place: A Tokens artifact, or the directory of a finished run.

    Raises:
        ConfigError: If there is neither.
        ArtifactError: If the artifact is not what was written.
    """
    from inkling.components.artifacts.tokens import Tokens
    from inkling.pipelines.local.run import Run

    if (place / "run.json").exists():
        return Tokens.open(Run.read(place).outputs["mixture"]["tokens"])
    if not (place / "manifest.json").exists():
        raise ConfigError(f"{place} is neither a Tokens artifact nor a finished run")
    return Tokens.open(place)


def _shares_table(rows: "Sequence[ShareRow]", first: str, second: str) -> Table:
    title = "percent of the tokens; of labels, judged by the lexicon, the difference has a 95 % interval"
    table = Table(title=title, title_justify="left")
    with_columns(table, ("", "", f"A: {first}", f"B: {second}", "difference"), text=2)
    for row, before in zip(rows, (None, *rows), strict=False):
        if before is not None and before.kind != row.kind:
            table.add_section()
        difference = f"{100 * (row.second - row.first):+.1f}"
        if row.interval is not None:
            low, high = row.interval
            difference += f" [{100 * low:+.1f}, {100 * high:+.1f}]"
        table.add_row(row.kind, row.name, f"{100 * row.first:.1f}", f"{100 * row.second:.1f}", difference)
    return table
