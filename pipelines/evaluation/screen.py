"""The scores of an evaluation as a short table: each suite in each view, with intervals, and what the image adds."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from inkling.components.artifacts.suite import Suite
from inkling.components.shared.report.numbers import with_interval
from inkling.components.shared.report.screen import plain_table
from inkling.components.shared.report.screen import show as show_table

_DIFFERENCE = "visual_minus_blind"


def show_scores(summary: Mapping[str, Any], suites: Sequence[Suite], views: Sequence[str], console: Console) -> None:
    """Prints the headline of each suite on its test split, in per cent with 95 % intervals.

    Args:
        summary: As the Answers hold it.
        suites: What the suites are.
        views: The views in their order.
        console: Where it is printed.
    """
    paired = {"visual", "blind"} <= set(views)
    heads = ("suite", "questions", "chance", *views, *(["visual - blind", "p"] if paired else []))
    table = plain_table(*heads)
    for suite in suites:
        splits = summary["suites"].get(suite.name, {}).get("splits", {})
        for split, scores in sorted(splits.items(), key=lambda entry: entry[0] != "test"):
            _row(table, suite.name if split == "test" else f"{suite.name} ({split})", scores["mean"], views, paired)
    show_table(table, console)
    if (passes := summary.get("passes", 1)) != 1:
        console.print(f"{passes} passes of the language model a question with its image", highlight=False)


def _row(table: Table, name: str, mean: Mapping[str, Any], views: Sequence[str], paired: bool) -> None:
    cells = [with_interval(mean["views"][view]) for view in views]
    if paired:
        difference = mean["differences"][_DIFFERENCE]
        cells += [with_interval(difference, "+.1f"), _probability(difference["p_value"])]
    table.add_row(name, f"{mean['questions']:,}", f"{100 * mean['chance']:.1f}", *cells)


def _probability(value: float | None) -> str:
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def show_missing(partial: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Prints what is missing of each suite, and how to go on.

    Args:
        partial: As `Evaluated.partial` holds it.
        console: Where it is printed.
    """
    lines = ["", "PARTIAL: the scores above are of the questions that were answered in all views"]
    for name, found in partial.items():
        lines.append(
            f"{name}: {found['answered_in_all_views']:,} of {found['questions']:,} questions, {found['replies']:,} of "
            f"{found['wanted']:,} replies"
        )
        lines += [f"  {count:,} times: {words}" for words, count in found["missing"].items()]
        lines += [f"  ended early: {found['ended']}"] if found["ended"] else []
    lines.append("Every reply that came is kept: the same command asks only what is missing.")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
