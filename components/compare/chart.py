"""The figure of a study: a row a recipe, a panel a view, a series a size."""

from collections.abc import Mapping
from typing import Any

from inkling.components.figures import BLUE, GREEN, GREY, ORANGE, Panel, Reference, Scale, Series, interval_chart

_LOOKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (GREY, "D"))
_VIEWS = {"visual": "with its image", "blind": "without an image"}


def draw(table: Mapping[str, Any]) -> str:
    """Draws the figure as SVG.

    Args:
        table: The content of `scores.json`.
    """
    groups = {(group["recipe"], group["size"]): group for group in table["groups"]}
    recipes = list(dict.fromkeys(recipe for recipe, _ in groups))
    sizes = list(dict.fromkeys(size for _, size in groups))
    series = [Series(size, *_LOOKS[number % len(_LOOKS)]) for number, size in enumerate(sizes)]
    panels = [
        Panel(title, {size: [_interval(groups.get((recipe, size)), view) for recipe in recipes] for size in sizes})
        for view, title in _VIEWS.items()
    ]
    ends = [end for panel in panels for row in panel.values.values() for one in row if one for end in one[1:]]
    scale = Scale("right answers, per cent", min(0.0, *ends), max(*ends, 100 * table["chance"]) + 2)
    return interval_chart(
        "study", recipes, series, panels, scale, Reference("chance", [100 * table["chance"]] * len(recipes))
    )


def _interval(group: Mapping[str, Any] | None, view: str) -> tuple[float, float, float] | None:
    if group is None:
        return None
    cell = group["views"][view]
    return 100 * cell["value"], 100 * cell["low"], 100 * cell["high"]
