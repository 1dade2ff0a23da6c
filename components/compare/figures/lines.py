"""Lines along an axis, with intervals, each named where it ends; places are numbers where all labels are numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from inkling.components.compare.config import NO_PRETRAINING
from inkling.components.compare.figures.panels import BELOW, FigurePanel, dress, is_turned, looks, margins
from inkling.components.shared.report.figures import MUTED, Drawing, Series, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = 0.24  # part of a panel's width, on its right, for the names of its lines
_UPRIGHT, _TALL = 0.5, 2.65  # room below upright labels, and height of the rest, in inches
_BESIDE = 0.012  # part of the axis by which lines stand beside one another, so that intervals do not cover others
_APART = 0.065  # least distance of two names, as a part of a panel's height


def draw_lines(name: str, panels: Sequence[FigurePanel]) -> Drawing:
    """Draws the panels."""
    styles = looks(panels[0].series)
    panels = [*panels]
    below = BELOW if any(is_turned(panel, len(panels)) for panel in panels) else _UPRIGHT

    def draw(figure: "Figure") -> None:
        for axes, panel in zip(side_by_side(figure, len(panels), below), panels, strict=True):
            _panel(axes, panel)

    def _panel(axes: "Axes", panel: FigurePanel) -> None:
        places = dict(zip(panel.own_x, _places(panel.own_x), strict=True))
        ends: dict[str, tuple[float, float]] = {}
        drawn = [style for style in styles if any(series == style.label for _, series in panel.cells)]
        step = _BESIDE * ((max(places.values()) - min(places.values())) or 1.0) if panel.has_intervals else 0.0
        for number, style in enumerate(drawn):
            shift = (number - (len(drawn) - 1) / 2) * step
            found = {label: cell for label in places if (cell := panel.cells.get((label, style.label)))}
            for label, (value, low, high) in found.items():
                place = places[label] + shift
                axes.plot([place, place], [low, high], color=style.colour, linewidth=1.2, solid_capstyle="butt")
                axes.plot([place], [value], color=style.colour, marker=style.marker, markersize=4.5)
            joined = [label for label in found if label != NO_PRETRAINING]  # which is no step of the axis
            at, values = [places[label] + shift for label in joined], [found[label][0] for label in joined]
            axes.plot(at, values, color=style.colour, linewidth=1.4, linestyle=style.dashes)
            if found:
                last = [*found][-1]
                ends[style.label] = (places[last] + shift, found[last][0])
        low, high = margins(*panel.near_ends)
        axes.set_ylim(low, high)
        if panel.chance is not None and panel.chance < low:
            said = f"chance, far below: {panel.chance:.0f}"
            axes.annotate(said, (0.02, 0.03), xycoords="axes fraction", color=MUTED, fontsize=7)
        dress(axes, panel, list(places.values()), len(panels))
        if any(ends):
            _name(axes, styles, ends, (min(places.values()), max(places.values())), (low, high))

    return Drawing(name, _TALL + below, draw)


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
