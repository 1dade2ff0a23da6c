"""The figures of a study: a row a recipe, a series a size; scores have a panel a view, losses one."""

from collections.abc import Mapping
from typing import Any

from inkling.components.shared.report.figures import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    Interval,
    Panel,
    Reference,
    Scale,
    Series,
    interval_chart,
)

_LOOKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (GREY, "D"))
_VIEWS = {"visual": "with its image", "blind": "without an image"}


def draw(table: Mapping[str, Any]) -> str:
    """Draws the scores as SVG.

    Args:
        table: The content of `scores.json`.
    """
    groups, recipes, series = _layout(table)
    sizes = [one.label for one in series]
    panels = [
        Panel(title, {size: [_interval(groups.get((recipe, size)), view) for recipe in recipes] for size in sizes})
        for view, title in _VIEWS.items()
    ]
    ends = [end for panel in panels for row in panel.values.values() for one in row if one for end in one[1:]]
    scale = Scale("right answers, per cent", min(0.0, *ends), max(*ends, 100 * table["chance"]) + 2)
    return interval_chart(
        "study", recipes, series, panels, scale, Reference("chance", [100 * table["chance"]] * len(recipes))
    )


def draw_losses(table: Mapping[str, Any]) -> str:
    """Draws the losses on held-out text as SVG.

    Args:
        table: The content of `scores.json`.
    """
    groups, recipes, series = _layout(table)
    values = {one.label: [_loss(groups.get((recipe, one.label))) for recipe in recipes] for one in series}
    ends = [end for row in values.values() for one in row if one for end in one[1:]]
    margin = 0.05 * (max(ends) - min(ends))
    scale = Scale("loss on held-out text, bits per byte", min(ends) - margin, max(ends) + margin)
    return interval_chart("losses", recipes, series, [Panel("", values)], scale)


def _layout(table: Mapping[str, Any]) -> tuple[dict[tuple[str, str], Mapping[str, Any]], list[str], list[Series]]:
    """The groups by recipe and size, the rows, and the series."""
    groups = {(group["recipe"], group["size"]): group for group in table["groups"]}
    sizes = dict.fromkeys(size for _, size in groups)
    series = [Series(size, *_LOOKS[number % len(_LOOKS)]) for number, size in enumerate(sizes)]
    return groups, list(dict.fromkeys(recipe for recipe, _ in groups)), series


def _loss(group: Mapping[str, Any] | None) -> Interval | None:
    if group is None:
        return None
    cell = group["heldout"]["bits_per_byte"]
    return cell["value"], cell["low"], cell["high"]


def _interval(group: Mapping[str, Any] | None, view: str) -> Interval | None:
    if group is None:
        return None
    cell = group["views"][view]
    return 100 * cell["value"], 100 * cell["low"], 100 * cell["high"]
