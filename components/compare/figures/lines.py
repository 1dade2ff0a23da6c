"""Lines along an axis, with intervals; places are numbers where all labels are numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inkling.components.compare.config import NO_PRETRAINING
from inkling.components.compare.figures.panels import BELOW, FigurePanel, dress, looks, margins
from inkling.components.shared.report.figures import legend, side_by_side, svg_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_lines(name: str, panels: Sequence[FigurePanel]) -> str:
    """Draws the panels as SVG."""
    styles = looks(panels[0].series)

    def draw(figure: "Figure") -> None:
        for axes, panel in zip(side_by_side(figure, len(panels), BELOW), panels, strict=True):
            _panel(axes, panel)
        legend(figure, styles)

    def _panel(axes: "Axes", panel: FigurePanel) -> None:
        places = dict(zip(panel.own_x, _places(panel.own_x), strict=True))
        for style in styles:
            found = {label: cell for label in places if (cell := panel.cells.get((label, style.label)))}
            for label, (value, low, high) in found.items():
                place = places[label]
                axes.plot([place, place], [low, high], color=style.colour, linewidth=1.2, solid_capstyle="butt")
                axes.plot([place], [value], color=style.colour, marker=style.marker, markersize=4.5)
            joined = [label for label in found if label != NO_PRETRAINING]  # which is no step of the axis
            at, values = [places[label] for label in joined], [found[label][0] for label in joined]
            axes.plot(at, values, color=style.colour, linewidth=1.4)
        axes.set_ylim(*margins(*panel.ends))
        dress(axes, panel, list(places.values()), len(panels))

    return svg_figure(name, 3.4, draw)


def _places(labels: Sequence[str]) -> list[float]:
    """Where labels stand: at their number if all are numbers, else one after the other."""
    try:
        return [float(label) for label in labels]
    except ValueError:
        return [float(number) for number in range(len(labels))]
