"""What pretraining on text gave: the pre-trained model against the no-pretraining baseline, on the same questions."""

from typing import Any

from inkling.components.analyze.report.vision import in_order
from inkling.components.analyze.report.wording import bounds, compared, points, points_interval, probability
from inkling.components.shared.report.figures import BLUE, GREY, Panel, Reference, Scale, Series, interval_chart
from inkling.components.shared.report.html import Html, element, figure, paragraph, section, table
from inkling.models.sequence.views import VIEWS

_SERIES = [Series("visual", BLUE, "o"), Series("blind", GREY, "s")]
_MEAN = "mean (four choices)"


def text_section(findings: dict[str, Any]) -> Html:
    """Differences between the models, with the statement that the interval allows and no more."""
    differences = findings["scores"]["test"]["pretrained_minus_no_pretraining"]
    mean = differences["mean"]["visual"]
    verdict = compared(
        mean,
        "In this run the pre-trained model was better with the image than the no-pretraining baseline.",
        "In this run the no-pretraining baseline was better with the image than the pre-trained model.",
        "This run does not tell the two models apart.",
    )
    families = in_order(findings["scores"]["test"]["pretrained"]["families"])
    rows = {_MEAN: differences["mean"], **{name: differences["families"][name] for name in families}}
    return section(
        "text",
        "What did the text add?",
        paragraph(
            "The no-pretraining baseline has the same network and the same initial weights, but no text before it was "
            "adapted in the same way. ",
            element("b", verdict),
            f" The difference with the image is {points(mean['value'])} points, 95 % interval {bounds(mean)}.",
        ),
        paragraph(
            "The interval covers the choice of questions only. Each model was trained once (number of seeds: 1), and "
            "two trainings of one recipe differ too; how much is unknown here. No claim about the recipe follows "
            "from this table, whichever way its intervals lie.",
            class_="note",
        ),
        _figure(rows),
        table(
            "Pre-trained minus no pretraining in percentage points, same questions, with 95 % intervals and McNemar's "
            "exact p",
            ("Questions", "Visual", "p", "Blind", "p", "Mismatched", "p"),
            [_row(name, views) for name, views in {**rows, **_categories(differences)}.items()],
        ),
    )


def _categories(differences: dict[str, Any]) -> dict[str, Any]:
    return {f"category {name}": views for name, views in in_order(differences["categories"]).items()}


def _row(name: str, views: dict[str, Any]) -> tuple[str, ...]:
    row = [name]
    for view in VIEWS:
        row += [points_interval(views[view]), probability(views[view]["mcnemar"]["p_value"])]
    return tuple(row)


def _figure(rows: dict[str, Any]) -> Html:
    values = {
        look.label: [
            tuple(100 * views[look.label][part] for part in ("value", "low", "high")) for views in rows.values()
        ]
        for look in _SERIES
    }
    widest = max(abs(value) for intervals in values.values() for interval in intervals for value in interval)
    limit = 10 * (int(widest / 10) + 1)
    drawing = interval_chart(
        "text-difference",
        list(rows),
        _SERIES,
        [Panel("", values)],
        Scale("pre-trained minus no pretraining, percentage points", -limit, limit),
        Reference("no difference", [0.0] * len(rows)),
    )
    return figure(
        drawing,
        "Difference between the two models for each family, with and without the image; the table below holds the "
        "same numbers.",
        "Pre-trained minus no pretraining, with 95 % intervals. Right of the dashed line the pre-trained model is "
        "better.",
    )
