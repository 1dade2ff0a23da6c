"""Lines along an axis, with intervals, each named where it ends; places are numbers where all labels are numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from inkling.components.compare.config import NO_PRETRAINING
from inkling.components.compare.figures.panels import BELOW, FigurePanel, dress, looks, margins
from inkling.components.shared.report.figures import Drawing, Series, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = 0.24  # part of a panel's width, on its right, for the names of its lines
_APART = 0.065  # least distance of two names, as a part of a panel's height


def draw_lines(name: str, panels: Sequence[FigurePanel]) -> Drawing:
    """Draws the panels."""
    styles = looks(panels[0].series)
    panels = [*panels]

    def draw(figure: "Figure") -> None:
        for axes, panel in zip(side_by_side(figure, len(panels), BELOW), panels, strict=True):
            _panel(axes, panel)

    def _panel(axes: "Axes", panel: FigurePanel) -> None:
        places = dict(zip(panel.own_x, _places(panel.own_x), strict=True))
        ends: dict[str, tuple[float, float]] = {}
        for style in styles:
            found = {label: cell for label in places if (cell := panel.cells.get((label, style.label)))}
            for label, (value, low, high) in found.items():
                place = places[label]
                axes.plot([place, place], [low, high], color=style.colour, linewidth=1.2, solid_capstyle="butt")
                axes.plot([place], [value], color=style.colour, marker=style.marker, markersize=4.5)
            joined = [label for label in found if label != NO_PRETRAINING]  # which is no step of the axis
            at, values = [places[label] for label in joined], [found[label][0] for label in joined]
            axes.plot(at, values, color=style.colour, linewidth=1.4, linestyle=style.dashes)
            if found:
                last = [*found][-1]
                ends[style.label] = (places[last], found[last][0])
        low, high = margins(*panel.ends)
        axes.set_ylim(low, high)
        dress(axes, panel, list(places.values()), len(panels))
        if any(ends):
            _name(axes, styles, ends, (min(places.values()), max(places.values())), (low, high))

    return Drawing(name, 3.6, draw)


def _name(
    axes: "Axes",
    styles: Sequence[Series],
    ends: Mapping[str, tuple[float, float]],
    along: tuple[float, float],
    across: tuple[float, float],
) -> None:
    """Writes the name of each line at its end, the names apart from one another."""
    first, last = along
    width, height = (last - first) or 1.0, across[1] - across[0]
    axes.set_xlim(first - 0.06 * width, last + _NAMES / (1 - _NAMES) * width)
    colours = {style.label: style.colour for style in styles}
    for label, place in spread({name: value for name, (_, value) in ends.items()}, _APART * height, across).items():
        axes.annotate(
            label,
            ends[label],
            (last + 0.05 * width, place),
            color=colours[label],
            fontsize=7.5,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colours[label], "linewidth": 0.4, "shrinkA": 0, "shrinkB": 4},
        )


def spread(values: Mapping[str, float], apart: float, within: tuple[float, float]) -> dict[str, float]:
    """Where names stand: each as near to its value as the others leave it, in the order of the values.

    Args:
        values: The value that each name belongs to.
        apart: Least distance of two names.
        within: Lowest and highest place, which too many names may leave.
    """
    order = sorted(values, key=lambda name: values[name])
    places: list[float] = []
    for name in order:
        places.append(max(values[name], places[-1] + apart) if places else values[name])
    over = max(0.0, places[-1] - within[1]) if places else 0.0
    for index in range(len(places) - 1, -1, -1):
        highest = within[1] if index == len(places) - 1 else places[index + 1] - apart
        places[index] = min(places[index], highest) if over else places[index]
    return dict(zip(order, places, strict=True))


def _places(labels: Sequence[str]) -> list[float]:
    """Where labels stand: at their number if all are numbers, else one after the other."""
    try:
        return [float(label) for label in labels]
    except ValueError:
        return [float(number) for number in range(len(labels))]
