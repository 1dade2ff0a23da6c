"""What a figure of a study shows, whatever its kind: panels of values along an axis and by series."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

from inkling.components.compare.config import LOSSES, MEASURED, NO_PRETRAINING, FigureConfig, Measure
from inkling.components.shared.report.figures import BLUE, GREEN, GREY, INK, ORANGE, Interval, Series, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS, _MARKERS = (BLUE, ORANGE, GREEN, GREY, INK), ("o", "s", "^", "D", "v")
_DASHES = ("-", "--", ":")
BELOW = 0.95
"""Room for turned labels below upright values, in inches."""
_LETTERS, _TITLE, _LABEL = 90, 75, 12  # letters of labels and of a title that a figure's width takes, and of a line
_NAMES: dict[Measure, str] = {
    "visual": "with its image",
    "blind": "without an image",
    "mismatched": "with another image",
    "visual_minus_blind": "with its image minus without",
    "nats_per_token": "held-out loss",
    "bits_per_byte": "held-out loss",
    "copy_gain": "saved on a second copy",
    "nats_after_adaptation": "held-out loss after adaptation",
    "nats_lost": "held-out loss, after adaptation minus before",
    "alignment": "captions and pictures",
    "depth": "explanations",
    "probe_features": "linear probe of image features",
    "probe_tokens": "linear probe of image tokens",
    "visual_minus_probe": "with its image minus the probe of image features",
}
_UNITS: dict[Measure, str] = {
    "visual_minus_blind": "difference, points",
    "visual_minus_probe": "difference, points",
    "nats_per_token": "nats per token",
    "bits_per_byte": "bits per byte",
    "copy_gain": "nats per token",
    "nats_after_adaptation": "nats per token",
    "nats_lost": "nats per token",
    "alignment": "mutual nearest neighbours, share",
    "depth": "words of an explanation",
}


@dataclass(frozen=True)
class FigurePanel:
    """One panel.

    Attributes:
        title: What it shows.
        unit: Name and unit of the values.
        x: Labels along the axis.
        series: Labels of the series; one empty label where there is one series.
        cells: Value, lower and upper end by label along the axis and series; of the paper's numbers, all three alike.
        chance: What chance alone reaches, in the unit; None where chance means nothing.
    """

    title: str
    unit: str
    x: tuple[str, ...]
    series: tuple[str, ...]
    cells: Mapping[tuple[str, str], Interval]
    chance: float | None = None

    @property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest value that must be seen, intervals and chance included."""
        values = [end for cell in self.cells.values() for end in cell]
        if self.chance is not None:
            values.append(self.chance)
        return min(values), max(values)

    @property
    def near_ends(self) -> tuple[float, float]:
        """The ends, without a chance that lies further off than the values span: it would press them into a line."""
        low, high = dataclasses.replace(self, chance=None).ends
        return (low, high) if self.chance is None or low - self.chance > high - low else self.ends

    @property
    def has_intervals(self) -> bool:
        """Whether a value has an interval."""
        return any(low < high for _, low, high in self.cells.values())

    @property
    def own_x(self) -> list[str]:
        """Labels along the axis that have a value here."""
        return [label for label in self.x if any(place[0] == label for place in self.cells)]

    def row(self, series: str) -> list[Interval | None]:
        """The values of a series along the axis; None where there is none."""
        return [self.cells.get((label, series)) for label in self.x]


def panels(figure: FigureConfig, table: Mapping[str, Any]) -> list[FigurePanel]:
    """Our panels, one a measure, and the paper's, all with the same labels.

    Args:
        figure: The figure.
        table: The content of `scores.json`.
    """
    groups = [group for group in table["groups"] if all(group["labels"][a] == b for a, b in figure.where.items())]
    places = [(group["labels"][figure.x], group["labels"].get(figure.series or "", "")) for group in groups]
    rows = figure.paper.rows if figure.paper else ()
    printed = [(row.labels.get(figure.x, ""), row.labels.get(figure.series or "", "")) for row in rows]
    x = _labels(table, figure.x, [place[0] for place in (*places, *printed)])
    series = _labels(table, figure.series, [place[1] for place in (*places, *printed)])
    suite = figure.suite or next(iter(table["suites"]))
    found = []
    for measure in figure.measure:
        cells = {
            place: cell
            for place, group in zip(places, groups, strict=True)
            if (cell := _cell(group, measure, suite, figure.category))
        }
        chance = 100 * table["suites"][suite]["chance"] if measure in ("visual", "blind", "mismatched") else None
        unit = _UNITS.get(measure, "right answers, per cent")
        found.append(FigurePanel(_NAMES[measure], unit, x, series, cells, None if figure.category else chance))
    if figure.paper:
        numbers = {place: (row.value,) * 3 for place, row in zip(printed, rows, strict=True)}
        title, unit = figure.paper.source.partition(",")[0], figure.paper.measure.replace(", per cent", ", %")
        found.append(FigurePanel(title.partition(" (")[0], unit, x, series, numbers))
    return found


def looks(labels: Sequence[str]) -> list[Series]:
    """How series look: they differ in marker as well as in colour, beyond five in their line too."""
    return [
        Series(
            label,
            _COLOURS[number % len(_COLOURS)],
            _MARKERS[number % len(_MARKERS)],
            _DASHES[number // len(_COLOURS) % len(_DASHES)],
        )
        for number, label in enumerate(labels)
    ]


def margins(low: float, high: float) -> tuple[float, float]:
    """Ends of a scale that leaves some room beyond the values."""
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def dress(axes: "Axes", panel: FigurePanel, places: Sequence[float], count: int, room: int = 0) -> None:
    """Labels a panel whose values stand upright: its places, unit, title and what chance reaches.

    Args:
        axes: Where it is drawn.
        panel: The panel.
        places: Where its own labels stand.
        count: Panels of the figure, which share its width.
        room: Places that its width is divided into, where these are more than it has labels.
    """
    if panel.chance is not None:
        axes.axhline(panel.chance, color=INK, linewidth=1.0, linestyle=(0, (2, 1.5)))
    turned = is_turned(panel, count, room)
    axes.set_xticks(
        places,
        panel.own_x if turned else [_upright(label) for label in panel.own_x],
        rotation=35 if turned else 0,
        ha="right" if turned else "center",
        va="center" if turned else "top",
        rotation_mode="anchor",
    )
    axes.set_ylabel(fill(panel.unit, 30), fontsize=8)
    axes.set_title(fill(panel.title, _TITLE // count), pad=6)
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def is_turned(panel: FigurePanel, count: int, room: int = 0) -> bool:
    """Whether labels along a panel would touch if they stood upright, those of two words in two lines."""
    longest = [max(map(len, _upright(label).splitlines())) for label in panel.own_x]
    widest = max((one + other) / 2 for one, other in zip(longest, [*longest[1:], 0], strict=True))
    return (widest + 1) * max(len(longest), room) > _LETTERS // count


def _upright(label: str) -> str:
    return "no pre-\ntraining" if label == NO_PRETRAINING else fill(label, _LABEL)


def _labels(table: Mapping[str, Any], axis: str | None, used: Sequence[str]) -> tuple[str, ...]:
    """The labels that are used, in the order of the study, then those that only the paper has."""
    order = [label for label in table["axes"].get(axis, ()) if label in used]
    return tuple(dict.fromkeys([*order, *used]))


def _cell(group: Mapping[str, Any], measure: Measure, suite: str, category: str | None) -> Interval | None:
    if measure in (*LOSSES, *MEASURED):
        cell = group["heldout"].get(measure)
        return drawn(cell) if cell else None
    measures = group["suites"][suite]
    cell = (measures["categories"].get(category, {}) if category else measures).get(measure)
    return drawn(cell, 100) if cell else None
