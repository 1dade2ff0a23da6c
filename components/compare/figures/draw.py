"""From a figure's settings and the table of a study to SVG."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inkling.components.compare.config import FigureConfig
from inkling.components.compare.figures.bars import draw_bars
from inkling.components.compare.figures.correlations import draw_correlations
from inkling.components.compare.figures.grid import draw_grid
from inkling.components.compare.figures.intervals import draw_intervals
from inkling.components.compare.figures.lines import draw_lines
from inkling.components.compare.figures.panels import FigurePanel, panels
from inkling.components.shared.report.figures import Drawing

_RENDERERS: dict[str, Callable[[str, Sequence[FigurePanel]], Drawing]] = {
    "lines": draw_lines,
    "grid": draw_grid,
    "intervals": draw_intervals,
    "bars": draw_bars,
}


def draw(name: str, figure: FigureConfig, table: Mapping[str, Any]) -> Drawing | None:
    """Draws a figure; None where none of its runs is done, or too few.

    Args:
        name: Name of the figure.
        figure: Its settings.
        table: The content of `scores.json`.
    """
    if figure.kind == "correlations":
        return draw_correlations(name, figure, table)
    found = panels(figure, table)
    ours = found[: len(figure.measure)]
    return (
        _RENDERERS[figure.kind](name, [panel for panel in found if panel.cells]) if any(p.cells for p in ours) else None
    )
