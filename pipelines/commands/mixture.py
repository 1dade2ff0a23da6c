"""`inkling mixture`: making mixtures of a corpus that there is, and comparing two."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inkling.pipelines.commands.options import Overrides, Profile

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

    _use_store()
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

    _use_store()
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
    from inkling.pipelines.commands.compare import draw, find_tokens, shares_table, write_report

    mixtures = find_tokens(first), find_tokens(second)
    samples = draw(mixtures[0]), draw(mixtures[1])
    names = f"A: {mixtures[0].blend().recipe}", f"B: {mixtures[1].blend().recipe}"
    Console(file=sys.stdout).print(shares_table(names, mixtures, samples))
    write_report(samples, output)
    print(output)


def _use_store() -> None:
    from inkling.components.shared.store.store import STORE_VARIABLE
    from inkling.pipelines.local import run as local

    os.environ[STORE_VARIABLE] = str(local.home() / "store")
