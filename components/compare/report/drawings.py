"""The figures of a study in its report, each with its numbers as a table below it."""

from collections.abc import Sequence

from inkling.components.compare.config import FigureConfig
from inkling.components.compare.figures.correlations import ALIKE, ALL, pairs
from inkling.components.compare.report.cells import HEADS, axis_heads, score_cell
from inkling.components.compare.report.content import StudyReport
from inkling.components.shared.report.html import Html, element, figure, section, table
from inkling.components.shared.report.numbers import with_interval

_BY_CHANCE = ("visual", "blind", "mismatched")


def figures_section(report: StudyReport) -> Html:
    """The figures, each with its numbers as a table below it."""
    drawings = []
    for name, stated in report.config.figures.items():
        if name in report.figures:
            drawings += [
                element("h3", stated.title),
                _drawing(report, name),
                element("details", element("summary", "The numbers of this figure"), _figure_table(report, stated)),
            ]
    return section("figures", "Figures", *drawings)


def first_figure(report: StudyReport) -> Html:
    """The first figure that there is; empty where there is none."""
    return _drawing(report, next(iter(report.figures))) if report.figures else Html("")


def _drawing(report: StudyReport, name: str) -> Html:
    stated = report.config.figures[name]
    numbers = f"{stated.title}. Its numbers stand in a table."
    if stated.kind == "correlations":
        return figure(report.figures[name], numbers, "With 95 % intervals over models; the paper has none.")
    said = ["Means over seeds with 95 % intervals over seeds and questions or documents."]
    if not stated.category and any(measure in _BY_CHANCE for measure in stated.measure):
        chance = report.scores["suites"][stated.suite or next(iter(report.scores["suites"]))]["chance"]
        said.append(f"Chance is {100 * chance:.0f} per cent, a dotted line where the scale reaches it.")
    if stated.paper:
        said.append(f"Beside it, on a scale of its own: {stated.paper.measure} ({stated.paper.source}).")
    return figure(report.figures[name], numbers, " ".join(said))


def _correlation_table(report: StudyReport, stated: FigureConfig) -> Html:
    rows = [
        [
            f"{first} and {second}",
            *("" if cells[kind] is None else with_interval(cells[kind], "+.2f", 1) for kind in (ALL, ALIKE)),
            *(["" if cells["paper"] is None else f"{cells['paper']:+.2f}"] if stated.paper else []),
        ]
        for (first, second), cells in pairs(stated, report.scores).items()
    ]
    return table(stated.title, ["categories", ALL, ALIKE, *([stated.paper.source] if stated.paper else [])], rows)


def _figure_table(report: StudyReport, stated: FigureConfig) -> Html:
    if stated.kind == "correlations":
        return _correlation_table(report, stated)
    axes = [axis for axis in (stated.x, stated.series) if axis]
    paper = (
        {tuple(row.labels.get(axis, "") for axis in axes): row.value for row in stated.paper.rows}
        if stated.paper
        else {}
    )
    suite = stated.suite or next(iter(report.scores["suites"]))
    ours = {
        tuple(group["labels"][axis] for axis in axes): group
        for group in report.scores["groups"]
        if all(group["labels"].get(axis) == label for axis, label in stated.where.items())
    }
    order = [report.scores["axes"].get(axis, []) for axis in axes]
    places = sorted(dict.fromkeys([*ours, *paper]), key=lambda place: _place_in(order, place))
    rows = []
    for place in places:
        cells = [
            score_cell(ours[place], suite, stated.category, measure) if place in ours else ""
            for measure in stated.measure
        ]
        number = [f"{paper[place]:g}" if place in paper else ""] if stated.paper else []
        rows.append([*place, *cells, *number])
    heads = [
        *axis_heads(axes),
        *(HEADS[measure] for measure in stated.measure),
        *([stated.paper.source] if stated.paper else []),
    ]
    return table(stated.title, heads, rows, len(axes))


def _place_in(order: Sequence[Sequence[str]], place: Sequence[str]) -> tuple[int, ...]:
    """Where labels stand in the order of the study, the last axis first; those that only the paper has come last."""
    known = [
        labels.index(label) if label in labels else len(labels) for labels, label in zip(order, place, strict=True)
    ]
    return tuple(reversed(known))
