"""From a figure's settings and the table of a study to SVG."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inkling.components.compare.config import FigureConfig
from inkling.components.compare.figures.bars import draw_bars
from inkling.components.compare.figures.grid import draw_grid
from inkling.components.compare.figures.intervals import draw_intervals
from inkling.components.compare.figures.lines import draw_lines
from inkling.components.compare.figures.panels import FigurePanel, panels

_RENDERERS: dict[str, Callable[[str, Sequence[FigurePanel]], str]] = {
    "lines": draw_lines,
    "grid": draw_grid,
    "intervals": draw_intervals,
    "bars": draw_bars,
}


def draw(name: str, figure: FigureConfig, table: Mapping[str, Any]) -> str:
    """Draws a figure as SVG.

    Args:
        name: Name of the figure.
        figure: Its settings.
        table: The content of `scores.json`.
    """
    return _RENDERERS[figure.kind](name, panels(figure, table))
