"""Lines along an axis, with intervals; places are numbers where all labels are numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inkling.components.compare.figures.panels import FigurePanel, looks, margins
from inkling.components.shared.report.figures import INK, legend, side_by_side, svg_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_lines(name: str, panels: Sequence[FigurePanel]) -> str:
    """Draws the panels as SVG.

    Args:
        name: Identifies the figure on its page.
        panels: The panels.
    """
    styles = looks(panels[0].series)

    def draw(figure: "Figure") -> None:
        for axes, panel in zip(side_by_side(figure, len(panels)), panels, strict=True):
            _panel(axes, panel)
        legend(figure, styles)

    def _panel(axes: "Axes", panel: FigurePanel) -> None:
        places = _places(panel.x)
        for style in styles:
            points = [
                (place, cell) for place, cell in zip(places, panel.row(style.label), strict=True) if cell is not None
            ]
            for place, (_, low, high) in points:
                axes.plot([place, place], [low, high], color=style.colour, linewidth=1.2, solid_capstyle="butt")
            at, values = [place for place, _ in points], [cell[0] for _, cell in points]
            axes.plot(at, values, color=style.colour, marker=style.marker, markersize=4.5, linewidth=1.4)
        if panel.chance is not None:
            axes.axhline(panel.chance, color=INK, linewidth=1.0, linestyle=(0, (2, 1.5)))
        axes.set_ylim(*margins(*panel.ends))
        axes.set_xticks(places, panel.x, rotation=0 if sum(map(len, panel.x)) < 60 // len(panels) else 45, ha="center")
        axes.set_ylabel(panel.unit)
        axes.set_title(panel.title, pad=6)
        axes.grid(axis="y")
        axes.set_axisbelow(True)

    return svg_figure(name, 3.2, draw)


def _places(labels: Sequence[str]) -> list[float]:
    """Where labels stand: at their number if all are numbers, else one after the other."""
    try:
        return [float(label) for label in labels]
    except ValueError:
        return [float(number) for number in range(len(labels))]
