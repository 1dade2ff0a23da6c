"""What a study has found, as a table on the screen."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_VIEWS = ("visual", "blind")


def show_scores(scores: Mapping[str, Any], console: Console) -> None:
    """Prints the groups of a study.

    Args:
        scores: The content of `scores.json`.
        console: Where it is printed.
    """
    title = (
        f"{scores['title']} ({scores['figure']}): right answers in per cent, loss of held-out text in "
        "bits per byte; 95 % intervals over questions or documents, and seeds"
    )
    console.print(f"\n[bold]{title}[/bold]", soft_wrap=True, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("recipe", "size", "seeds", *_VIEWS, "visual - blind", "bits per byte"):
        table.add_column(column, justify="left" if column in ("recipe", "size") else "right", no_wrap=True)
    for group in scores["groups"]:
        cells = [*(group["views"][view] for view in _VIEWS), group["visual_minus_blind"]]
        loss = _loss(group["heldout"]["bits_per_byte"])
        table.add_row(group["recipe"], group["size"], str(group["seeds"]), *(_cell(cell) for cell in cells), loss)
    console.print(table)
    console.print(f"{scores['questions']} questions of four choices on {scores['images']} images, chance 25")
    for gain in scores["sizes"]:
        nats = _loss(gain["larger_minus_smaller"]["nats_per_token"])
        pair = f"{gain['recipe']}: {gain['larger']} - {gain['smaller']}"
        console.print(f"{pair}  {nats} nats per token of held-out text", markup=False, highlight=False)


def _loss(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def _cell(estimate: Mapping[str, float]) -> str:
    return f"{100 * estimate['value']:.1f} [{100 * estimate['low']:.1f}, {100 * estimate['high']:.1f}]"
