"""The command `inkling systems`: the published systems that plug-ins and recipes follow, in a table."""

import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from inkling.components.shared.report.screen import plain_table, show
from inkling.pipelines.commands.options import Overrides, Profile

_WORDS, _NUMBERS = ("system", "seam", "name", "paper"), ("parameters", "image tokens", "passes a question")
_HEADINGS = (*_WORDS, *_NUMBERS, "not reproduced")
_FOUND = ("points against control", "gain", "seconds a run")


def systems(
    profile: Profile = "laptop",
    overrides: Overrides = [],  # noqa: B006 (typer wants a list)
    markdown: Annotated[bool, typer.Option("--markdown", help="The table as it stands in docs/systems.md.")] = False,
    study: Annotated[
        Path | None, typer.Option(help="The scores that a study wrote: adds what it found of the systems in it.")
    ] = None,
) -> None:
    """Prints the published systems that there are as plug-ins: seam, paper, size in a profile, what is not reproduced.

    Parameters are those beside encoder and language model; image tokens are positions of the sequence.

    Examples:
        inkling systems

        inkling systems --profile gpu

        inkling systems --study STUDY/table/scores
    """
    rows = table(profile, overrides)
    if study is not None:
        show(_with_verdicts(rows, study), Console(file=sys.stdout))
        return
    if markdown:
        print("\n".join(as_markdown(rows)))
        return
    console = Console(file=sys.stdout)
    show(_without_sentences(rows), console)
    console.print("\nNot reproduced:", highlight=False)
    for name, *_, left_out in rows:
        console.print(f"  {name}: {left_out}", highlight=False, markup=False)


def _without_sentences(rows: list[tuple[str, ...]]) -> Table:
    """What of the rows fits a screen."""
    shown = plain_table(*_HEADINGS[:-1], text=len(_WORDS))
    shown.columns[_WORDS.index("name")].no_wrap = True  # it is typed as it stands
    for row in rows:
        shown.add_row(*row[:-1])
    return shown


def _with_verdicts(rows: list[tuple[str, ...]], study: Path) -> Table:
    """The systems that a study has, with what it found of each."""
    from inkling.components.artifacts.scores import Scores
    from inkling.pipelines.local.studies import RUNS
    from inkling.pipelines.systems import run_seconds, verdicts

    found, took = verdicts(Scores.open(study).scores()), run_seconds(study.resolve().parents[1] / RUNS)
    shown = plain_table(*_WORDS[:3], *_FOUND, "control", text=3)
    for row in (one for one in rows if one[0] in found):
        of = found[row[0]]
        points, seconds = f"{of.value:+.1f} [{of.low:+.1f}, {of.high:+.1f}]", took.get(row[0])
        shown.add_row(*row[:3], points, of.word, "-" if seconds is None else f"{seconds:,.0f}", of.control)
    return shown


def table(profile: str, overrides: list[str]) -> list[tuple[str, ...]]:
    """A row for each system."""
    from inkling.pipelines import profiles
    from inkling.pipelines.systems import size
    from inkling.pipelines.systems import systems as published

    settings = yaml.safe_load(profiles.load(profile, overrides))
    rows = []
    for system in published():
        found = size(system, settings)
        numbers = (found.parameters, found.positions, found.passes)
        counted = ("-" if number is None else f"{number:,}" for number in numbers)
        rows.append((system.name, system.seam, system.plugin, system.paper, *counted, system.left_out))
    return rows


def as_markdown(rows: list[tuple[str, ...]]) -> list[str]:
    """The lines of a Markdown table."""
    sides = ["--:" if heading in _NUMBERS else "---" for heading in _HEADINGS]
    named = [(*row[:2], f"`{row[2]}`", *row[3:]) for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in (_HEADINGS, sides, *named)]
