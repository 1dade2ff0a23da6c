"""A grid of two axes, a number and its interval a cell; the darker, the larger."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inkling.components.compare.figures.panels import FigurePanel
from inkling.components.shared.report.figures import BLUE, INK, MUTED, Drawing, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DARKEST = 0.75  # opacity of the largest value


def draw_grid(name: str, panels: Sequence[FigurePanel]) -> Drawing:
    """Draws the panels: columns along x, rows by series."""
    height = 1.0 + 0.42 * len(panels[0].series)

    def draw(figure: "Figure") -> None:
        for axes, panel in zip(side_by_side(figure, len(panels)), panels, strict=True):
            _panel(axes, panel)

    return Drawing(name, height, draw)


def _panel(axes: "Axes", panel: FigurePanel) -> None:
    from matplotlib.patches import Rectangle

    values = [cell[0] for cell in panel.cells.values()]
    smallest, span = min(values), (max(values) - min(values)) or 1.0
    for (x, series), (value, low, high) in panel.cells.items():
        column, row = panel.x.index(x), panel.series.index(series)
        opacity = 0.05 + (_DARKEST - 0.05) * (value - smallest) / span
        axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=BLUE, alpha=opacity, linewidth=0))
        known = low < high
        axes.text(column, row - (0.1 if known else 0), f"{value:.1f}", ha="center", va="center", color=INK)
        if known:
            axes.text(column, row + 0.24, f"{low:.1f} to {high:.1f}", ha="center", va="center", color=MUTED, fontsize=6)
    axes.set_xlim(-0.5, len(panel.x) - 0.5)
    axes.set_ylim(len(panel.series) - 0.5, -0.5)
    axes.set_xticks(range(len(panel.x)), panel.x)
    axes.set_yticks(range(len(panel.series)), panel.series)
    axes.set_title(panel.title, pad=6)
    axes.set_xlabel(panel.unit)
    for spine in axes.spines.values():
        spine.set_visible(False)
