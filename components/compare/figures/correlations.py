"""Rank correlations of kinds of questions over the models of a study, the paper's on the same scale."""

from collections.abc import Mapping
from typing import Any

from inkling.components.compare.analysis.correlations import LOSS
from inkling.components.compare.config import PAIR, FigureConfig
from inkling.components.compare.figures.panels import looks
from inkling.components.shared.report.figures import Drawing, Panel, Reference, Scale, drawn, interval_drawing

ALL, ALIKE = "all models", "at the same held-out loss"
Pairs = dict[tuple[str, str], dict[str, Any]]


def pairs(figure: FigureConfig, table: Mapping[str, Any]) -> Pairs:
    """What is known of every two categories of the figure's suite, those first that the paper has.

    Args:
        figure: The figure.
        table: The content of `scores.json`.

    Returns:
        By pair of categories: the correlation over `ALL` models and `ALIKE`, and the `paper`'s; None if not known.
    """
    suite = figure.suite or next(iter(table["suites"]))
    rows = [row for row in table["analysis"]["correlations"] if row["suite"] == suite and row["second"] != LOSS]
    found = {(row["first"], row["second"]): {ALL: row["plain"], ALIKE: row["partial"], "paper": None} for row in rows}
    printed = {}
    for one in figure.paper.rows if figure.paper else ():
        pair = (one.labels[PAIR[0]], one.labels[PAIR[1]])
        own = pair if pair in found else pair[::-1]
        printed[own] = {**found.get(own, {ALL: None, ALIKE: None}), "paper": one.value}
    return {**printed, **{pair: cells for pair, cells in found.items() if pair not in printed}}


def draw_correlations(name: str, figure: FigureConfig, table: Mapping[str, Any]) -> Drawing | None:
    """Draws the correlations with their intervals over models; None where too few models are done for any.

    Args:
        name: Name of the figure.
        figure: Its settings.
        table: The content of `scores.json`.
    """
    found = pairs(figure, table)
    ours = [cells[ALL] for cells in found.values() if cells[ALL]]
    if not ours:
        return None
    series = {kind: [cells[kind] and drawn(cells[kind]) for cells in found.values()] for kind in (ALL, ALIKE)}
    if figure.paper:
        values = [cells["paper"] for cells in found.values()]
        source = figure.paper.source
        series[source] = [None if value is None else (value, value, value) for value in values]
    kept = {label: values for label, values in series.items() if any(values)}
    rows = [f"{first} and\n{second}" for first, second in found]
    scale = Scale(f"Spearman's rank correlation, ours over {ours[0]['models']} models", -1.0, 1.0)
    return interval_drawing(
        name, rows, looks(list(kept)), [Panel("", kept)], scale, Reference("none", [0.0] * len(rows))
    )
