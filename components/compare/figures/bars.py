"""Bars side by side, a group a label, with intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inkling.components.compare.figures.panels import BELOW, FigurePanel, dress, looks, margins
from inkling.components.shared.report.figures import INK, Drawing, legend, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEWEST = 4  # groups that a panel has room for, so that one alone is no wall
_GROUP = 0.8  # part of a label's place that its bars take


def draw_bars(name: str, panels: Sequence[FigurePanel]) -> Drawing:
    """Draws the panels. Bars begin at zero, and their values stand above them."""
    styles = looks(panels[0].series)
    width = _GROUP / len(styles)

    def draw(figure: "Figure") -> None:
        for axes, panel in zip(side_by_side(figure, len(panels), BELOW), panels, strict=True):
            _panel(axes, panel)
        legend(figure, styles)

    def _panel(axes: "Axes", panel: FigurePanel) -> None:
        for number, style in enumerate(styles):
            shift = (number - (len(styles) - 1) / 2) * width
            for place, label in enumerate(panel.own_x):
                if (cell := panel.cells.get((label, style.label))) is None:
                    continue
                value, low, high = cell
                axes.bar([place + shift], [value], width=0.92 * width, color=style.colour, alpha=0.85)
                axes.plot([place + shift] * 2, [low, high], color=INK, linewidth=1.2, solid_capstyle="butt")
                axes.annotate(
                    f"{value:.1f}", (place + shift, high), (0, 2), textcoords="offset points", ha="center", fontsize=6.5
                )
        low, high = margins(min(0.0, panel.ends[0]), max(0.0, panel.ends[1]))
        room = max(0.0, _FEWEST - len(panel.own_x)) / 2
        axes.set_xlim(-0.5 - room, len(panel.own_x) - 0.5 + room)
        axes.set_ylim(0.0 if panel.ends[0] >= 0 else low, high)
        dress(axes, panel, range(len(panel.own_x)), len(panels), _FEWEST)

    return Drawing(name, 3.4, draw)
