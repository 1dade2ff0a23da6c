"""What pretraining on text gave: the pre-trained model against the no-pretraining baseline, on the same questions."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.vision import in_order
from inkling.components.analyze.report.wording import compared, interval, points, points_interval, probability
from inkling.components.shared.report.figures import (
    BLUE,
    GREY,
    Panel,
    Reference,
    Scale,
    Series,
    drawn,
    interval_chart,
)
from inkling.components.shared.report.html import Html, element, figure, join, paragraph, section, table

_SERIES = [Series("visual", BLUE, "o"), Series("blind", GREY, "s")]
_MEAN = "headline"


def text_section(findings: dict[str, Any]) -> Html:
    """Differences between the models, with the statement that the interval allows and no more."""
    return section(
        "text",
        "What did the text add?",
        paragraph(
            "The no-pretraining baseline has the same network and the same initial weights, but no text before it was "
            "adapted in the same way."
        ),
        paragraph(
            "The intervals cover the choice of questions only. Each model was trained once (number of seeds: 1), and "
            "two trainings of one recipe differ too; how much is unknown here. No claim about the recipe follows "
            "from these tables, whichever way their intervals lie.",
            class_="note",
        ),
        *(_suite(name, suite) for name, suite in findings["suites"].items()),
    )


def _suite(name: str, suite: Mapping[str, Any]) -> Html:
    differences = suite["scores"]["test"]["pretrained_minus_no_pretraining"]
    mean = differences["mean"]["visual"]
    verdict = compared(
        mean,
        "In this run the pre-trained model was better with the image than the no-pretraining baseline.",
        "In this run the no-pretraining baseline was better with the image than the pre-trained model.",
        "This run does not tell the two models apart.",
    )
    rows = {_MEAN: differences["mean"], **{family: differences["families"][family] for family in in_order(suite)}}
    categories = {f"category {name}": views for name, views in differences["categories"].items()}
    return join(
        element("h3", suite["title"]),
        paragraph(
            element("b", verdict),
            f" The difference with the image is {points(mean['value'])} points, {interval(mean)} "
            f"({suite['headline']['label']}).",
        ),
        _figure(name, suite["title"], rows),
        table(
            f"{suite['title']}: pre-trained minus no pretraining in percentage points, same questions, with 95 % "
            "intervals and McNemar's exact p",
            ("Questions", *(head for view in differences["mean"] for head in (view.capitalize(), "p"))),
            [_row(name, views) for name, views in {**rows, **categories}.items()],
        ),
    )


def _row(name: str, views: dict[str, Any]) -> tuple[str, ...]:
    row = [name]
    for difference in views.values():
        row += [points_interval(difference), probability(difference["mcnemar"]["p_value"])]
    return tuple(row)


def _figure(name: str, title: str, rows: dict[str, Any]) -> Html:
    values = {look.label: [drawn(views[look.label], 100) for views in rows.values()] for look in _SERIES}
    ends = [abs(end) for intervals in values.values() for one in intervals for end in one]
    limit = 10 * (int(max(ends) / 10) + 1)
    drawing = interval_chart(
        f"text-difference-{name}",
        list(rows),
        _SERIES,
        [Panel("", values)],
        Scale("pre-trained minus no pretraining, percentage points", -limit, limit),
        Reference("no difference", [0.0] * len(rows)),
    )
    return figure(
        drawing,
        f"{title}: difference between the two models for each family, with and without the image; the table below "
        "holds the same numbers.",
        f"{title}: pre-trained minus no pretraining, with 95 % intervals. Right of the dashed line the pre-trained "
        "model is better.",
    )
