"""Dots with intervals, a row a label, panels side by side."""

from collections.abc import Sequence

from inkling.components.compare.figures.panels import FigurePanel, looks, margins
from inkling.components.shared.report.figures import Drawing, Panel, Reference, Scale, interval_drawing


def draw_intervals(name: str, panels: Sequence[FigurePanel]) -> Drawing:
    """Draws the panels; those with the unit of the first share its scale and its mark of chance."""
    first = panels[0]
    alike = [panel for panel in panels if panel.unit == first.unit]
    ends = margins(min(panel.ends[0] for panel in alike), max(panel.ends[1] for panel in alike))
    drawn = [
        Panel(
            panel.title,
            {series: panel.row(series) for series in panel.series},
            None if panel in alike else Scale(panel.unit, *margins(*panel.ends)),
        )
        for panel in panels
    ]
    chance = None if first.chance is None else Reference("chance", [first.chance] * len(first.x))
    return interval_drawing(name, first.x, looks(first.series), drawn, Scale(first.unit, *ends), chance)
