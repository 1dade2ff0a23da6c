"""What a study has found, as a table on the screen."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from inkling.models.sequence.views import SERVED_VIEWS


def show_scores(scores: Mapping[str, Any], console: Console) -> None:
    """Prints the groups of a study.

    Args:
        scores: The content of `scores.json`.
        console: Where it is printed.
    """
    title = (
        f"{scores['title']} ({scores['figure']}): right answers in per cent, 95 % intervals over questions and seeds"
    )
    console.print(f"\n[bold]{title}[/bold]", soft_wrap=True, highlight=False)
    table = _table(*SERVED_VIEWS, "visual - blind")
    for group in scores["groups"]:
        cells = [*(group["views"][view] for view in SERVED_VIEWS), group["visual_minus_blind"]]
        table.add_row(group["recipe"], group["size"], str(group["seeds"]), *(_cell(cell) for cell in cells))
    console.print(table)
    console.print(f"{scores['questions']} questions of four choices on {scores['images']} images, chance 25")
    _show_losses(scores, console)


def _show_losses(scores: Mapping[str, Any], console: Console) -> None:
    console.print("\n[bold]Loss of held-out text, 95 % intervals over documents and seeds[/bold]", highlight=False)
    table = _table("parameters", "nats per token", "bits per byte")
    for group in scores["groups"]:
        losses = (_loss(group["heldout"][unit]) for unit in ("nats_per_token", "bits_per_byte"))
        table.add_row(group["recipe"], group["size"], str(group["seeds"]), f"{group['parameters']:,}", *losses)
    console.print(table)
    for gain in scores["sizes"]:
        nats = _loss(gain["larger_minus_smaller"]["nats_per_token"])
        pair = f"{gain['recipe']}: {gain['larger']} - {gain['smaller']}"
        console.print(f"{pair}  {nats} nats per token on the same documents", markup=False, highlight=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("recipe", "size", "seeds", *columns):
        table.add_column(column, justify="left" if column in ("recipe", "size") else "right", no_wrap=True)
    return table


def _loss(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def _cell(estimate: Mapping[str, float]) -> str:
    return f"{100 * estimate['value']:.1f} [{100 * estimate['low']:.1f}, {100 * estimate['high']:.1f}]"
