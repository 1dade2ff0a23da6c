"""Figures as SVG text: the same bytes for the same numbers, legible without colour, nothing external.

Text stays text, so that a browser sets it in the font of the page and a reader can search it. Series differ in marker
as well as in colour (Okabe and Ito's palette, safe for colour-blind readers).
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, RULE = "#1f2933", "#5f6b7a", "#d5dae1"
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#7b8794"
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
_REFERENCE: dict[str, Any] = {"color": INK, "linewidth": 1.1, "linestyle": (0, (2, 1.5))}
_BAND = "#f4f6f8"
Interval = tuple[float, float, float]  # value, low, high


def drawn(estimate: Mapping[str, Any], scale: float = 1.0) -> Interval:
    """An estimate as it is drawn: where no interval can be had, a dot without a line.

    Args:
        estimate: `value`, `low` and `high`; without an interval the last two are None.
        scale: What each number is multiplied by; 100 for shares in per cent.
    """
    ends = ("low", "high") if estimate["low"] is not None else ("value", "value")
    value, low, high = (scale * estimate[end] for end in ("value", *ends))
    return value, low, high


@dataclass(frozen=True)
class Series:
    """How one series looks.

    Attributes:
        label: Its name in the legend.
        colour: Its colour.
        marker: Its marker, in matplotlib's letters.
        dashes: How its line is broken, in matplotlib's signs.
    """

    label: str
    colour: str
    marker: str = "o"
    dashes: str = "-"


@dataclass(frozen=True)
class Curve:
    """A curve in a panel of its own.

    Attributes:
        title: What it shows.
        label: Name and unit of the abscissa.
        abscissae: Where the values were taken.
        values: The values.
    """

    title: str
    label: str
    abscissae: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Scale:
    """A horizontal scale.

    Attributes:
        label: Name and unit.
        low: Left end.
        high: Right end.
        logarithmic: Whether equal steps are equal ratios.
    """

    label: str
    low: float
    high: float
    logarithmic: bool = False


@dataclass(frozen=True)
class Reference:
    """What the dots of a row are to be compared with.

    Attributes:
        label: Its name in the legend.
        values: Its value in each row.
    """

    label: str
    values: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """Rows of dots with intervals.

    Attributes:
        title: What the panel shows.
        values: For each series (by label), the interval of each row; None where a row has none.
        scale: Its own scale, where it is not that of the other panels.
    """

    title: str
    values: Mapping[str, Sequence[Interval | None]]
    scale: Scale | None = None


def interval_chart(
    name: str,
    rows: Sequence[str],
    series: Sequence[Series],
    panels: Sequence[Panel],
    scale: Scale,
    reference: Reference | None = None,
) -> str:
    """Dots with 95 % intervals as SVG: see `interval_drawing`."""
    return interval_drawing(name, rows, series, panels, scale, reference).svg()


def interval_drawing(
    name: str,
    rows: Sequence[str],
    series: Sequence[Series],
    panels: Sequence[Panel],
    scale: Scale,
    reference: Reference | None = None,
) -> "Drawing":
    """Dots with 95 % intervals: a line a row, panels side by side on one scale.

    Args:
        name: Identifies the figure on its page.
        rows: Names of the rows, from the top.
        series: The series, in the order in which they stand in a row.
        panels: At least one.
        scale: The scale of the panels that have none of their own; `reference` is marked in these.
        reference: What to mark in each row, such as chance.
    """
    head = 0.54 if any(panel.title for panel in panels) else 0.3
    height = head + 0.46 + len(rows) * (0.16 + 0.13 * len(series))

    def draw(figure: "Figure") -> None:
        left, gap = 0.185, 0.03
        width = (0.985 - left - gap * (len(panels) - 1)) / len(panels)
        bottom, top = 0.46 / height, 1 - head / height
        for index, panel in enumerate(panels):
            axes = figure.add_axes((left + index * (width + gap), bottom, width, top - bottom))
            _dots(axes, panel, series, len(rows))
            for row, value in enumerate(reference.values if reference and panel.scale is None else ()):
                axes.plot([value, value], [row - 0.46, row + 0.46], **_REFERENCE)
            axes.set_title(panel.title, pad=6)
            _ruler(axes, panel.scale or scale)
            axes.set_ylim(len(rows) - 0.5, -0.5)
            axes.set_yticks(range(len(rows)), rows if index == 0 else [""] * len(rows))
        legend(figure, series, reference)

    return Drawing(name, height, draw)


def curve_chart(name: str, curves: Sequence[Curve], label: str) -> str:
    """Curves side by side, each a thin line of the values and a thick one of their running mean.

    Args:
        name: Identifies the figure on its page.
        curves: At least one.
        label: Name and unit of the values.
    """
    height = 2.6

    def draw(figure: "Figure") -> None:
        left, gap = 0.07, 0.06
        width = (0.985 - left - gap * (len(curves) - 1)) / len(curves)
        for index, curve in enumerate(curves):
            axes = figure.add_axes((left + index * (width + gap), 0.46 / height, width, 1 - 0.8 / height))
            axes.plot(curve.abscissae, curve.values, color=BLUE, linewidth=0.7, alpha=0.35)
            axes.plot(curve.abscissae, running_mean(curve.values), color=BLUE, linewidth=1.8)
            axes.grid(axis="y")
            axes.set_axisbelow(True)
            axes.locator_params(axis="x", nbins=max(3, 8 // len(curves)))
            axes.xaxis.set_major_formatter("{x:,.0f}")
            axes.set_title(curve.title, pad=6)
            axes.set_xlabel(curve.label)
            axes.set_ylabel(label if index == 0 else "")
            axes.margins(x=0.01)

    return svg_figure(name, height, draw)


def law_chart(name: str, points: Sequence[tuple[float, Interval]], line: Reference, labels: tuple[str, str]) -> str:
    """Values with intervals against amounts, both logarithmic, and the straight line that a power law is there.

    Args:
        name: Identifies the figure on its page.
        points: Amount and value of each point.
        line: The law at each amount.
        labels: Names and units of the amounts and of the values.
    """
    height = 2.9

    def draw(figure: "Figure") -> None:
        axes = figure.add_axes((0.07, 0.46 / height, 0.915, 1 - 0.7 / height))
        amounts, values = [amount for amount, _ in points], [interval[0] for _, interval in points]
        for amount, (value, low, high) in points:
            axes.plot([amount, amount], [low, high], color=BLUE, linewidth=1.6, solid_capstyle="butt")
            axes.plot([amount], [value], color=BLUE, marker="o", markersize=5, markeredgewidth=0)
        axes.plot(amounts, line.values, label=line.label, **_REFERENCE)
        axes.legend(loc="upper right")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(amounts, [f"{amount:,.0f}" for amount in amounts])
        axes.set_yticks(values, [f"{value:.2f}" for value in values])
        axes.minorticks_off()
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        axes.grid(axis="y")
        axes.set_axisbelow(True)

    return svg_figure(name, height, draw)


def side_by_side(figure: "Figure", count: int, below: float = 0.6) -> "list[Axes]":
    """Axes of the same size in a row, with room for labels on their left and below.

    Args:
        figure: The figure.
        count: How many.
        below: Room below them in inches.
    """
    height = float(figure.get_figheight())
    left, right, gap = 0.085, 0.985, 0.085
    width = (right - left - gap * (count - 1)) / count
    bottom = below / height
    return [
        figure.add_axes((left + index * (width + gap), bottom, width, 1 - 0.6 / height - bottom))
        for index in range(count)
    ]


def running_mean(values: Sequence[float]) -> list[float]:
    """Mean of each value and its neighbours, a twentieth of the curve in all."""
    half = max(1, len(values) // 40)
    windows = (values[max(0, index - half) : index + half + 1] for index in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def _dots(axes: "Axes", panel: Panel, series: Sequence[Series], rows: int) -> None:
    step = 0.64 / len(series)
    for place, look in enumerate(series):
        shift = (place - (len(series) - 1) / 2) * step
        for row, interval in enumerate(panel.values[look.label]):
            if interval is None:
                continue
            value, low, high = interval
            axes.plot([low, high], [row + shift] * 2, color=look.colour, linewidth=1.6, solid_capstyle="butt")
            axes.plot([value], [row + shift], color=look.colour, marker=look.marker, markersize=5, markeredgewidth=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color=_BAND, zorder=0, linewidth=0)
    axes.spines["left"].set_visible(False)


def _ruler(axes: "Axes", scale: Scale) -> None:
    from matplotlib.ticker import LogLocator

    if scale.logarithmic:
        axes.set_xscale("log", subs=[])
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(scale.low, scale.high)
    axes.set_xlabel(scale.label)


def legend(figure: "Figure", series: Sequence[Series], reference: Reference | None = None) -> None:
    """Names the series and the reference, if there is one, at the upper right; a series alone is not named."""
    from matplotlib.lines import Line2D

    keys = [
        Line2D([], [], color=look.colour, marker=look.marker, markersize=5, linewidth=1.6, label=look.label)
        for look in series
        if look.label
    ]
    if reference:
        keys.append(Line2D([], [], label=reference.label, **_REFERENCE))
    if len(keys) > 1 or reference:
        figure.legend(handles=keys, loc="upper right", ncols=len(keys), bbox_to_anchor=(0.99, 1.0), borderaxespad=0.1)


@dataclass(frozen=True)
class Drawing:
    """A figure that can be had as SVG and as PNG.

    Attributes:
        name: Identifies the figure on its page.
        height: Its height in inches; the width is 9.
        paint: Draws it.
    """

    name: str
    height: float
    paint: "Callable[[Figure], None]"

    def svg(self) -> str:
        """An SVG element that can stand in a page: no header, no metadata, no address, ids of its own.

        The figures are hidden from screen readers: the page that shows them says what they show.
        """
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        buffer = io.StringIO()
        with self._painted() as figure:
            FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
        text = buffer.getvalue()
        text = re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
        text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
        text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{self.name}-", text.replace("xlink:href", "href"))
        text = re.sub(r'^<svg [^>]*?(viewBox="[^"]*")[^>]*>', r'<svg \1 aria-hidden="true">', text)
        return text.strip()

    def png(self) -> bytes:
        """The figure on white, 150 pixels an inch, without a date."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        buffer = io.BytesIO()
        with self._painted() as figure:
            figure.set_facecolor("white")
            figure.set_dpi(150)
            FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
        return buffer.getvalue()

    @contextmanager
    def _painted(self) -> "Iterator[Figure]":
        import matplotlib
        from matplotlib.figure import Figure

        settings: dict[Any, Any] = {**_SETTINGS, "svg.hashsalt": self.name}
        with matplotlib.rc_context(settings):
            figure = Figure(figsize=(9.0, self.height), facecolor="none")
            self.paint(figure)
            yield figure


def svg_figure(name: str, height: float, draw: "Callable[[Figure], None]") -> str:
    """Draws an SVG element that can stand in a page."""
    return Drawing(name, height, draw).svg()
