"""Whether the image is used: scores per category and family in three views, and the differences between views."""

from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.analyze.report.wording import count, percent, points_interval, probability, share_interval
from inkling.components.shared.report.figures import (
    BLUE,
    GREY,
    ORANGE,
    Interval,
    Panel,
    Reference,
    Scale,
    Series,
    interval_chart,
)
from inkling.components.shared.report.html import Html, element, figure, join, paragraph, section, table
from inkling.models.sequence.views import VIEWS

MODELS = {"pretrained": "Pre-trained on text", "no_pretraining": "No pretraining"}
CATEGORIES = ("General", "Knowledge", "OCR & Chart", "Vision-Centric")
_SERIES = [Series("visual", BLUE, "o"), Series("blind", GREY, "s"), Series("mismatched", ORANGE, "D")]
_SCORES = ("Visual", "Blind", "Mismatched", "Chance", "Questions")
_DIFFERENCES = ("Visual - blind", "p", "Visual - mismatched", "p", "Mismatched - blind", "p")


def vision_section(findings: dict[str, Any]) -> Html:
    """Headline means of both models, then categories and families."""
    scores, size = findings["scores"]["test"], findings["questions"]["test"]
    return section(
        "vision",
        "Does it use the image?",
        paragraph(
            f"{count(size['questions'])} test questions about {count(size['images'])} images were asked in three "
            "views: ",
            *(element("b", "visual"), " (with the image), ", element("b", "blind"), " (without), "),
            *(element("b", "mismatched"), " (with the image of another question of the same family). "),
            "The drawings, photographs and fonts of these images were not used in training; coloured shapes and bar "
            "charts are new ones of the kinds that were. What visual has beyond both other views was seen in the "
            "image.",
        ),
        table(
            "Headline: mean accuracy over the four-choice families in per cent, with 95 % intervals",
            ("Model", *_SCORES),
            [score_row(name, scores[model]["mean"]) for model, name in MODELS.items()],
        ),
        table(
            "Headline: differences between views in percentage points, with 95 % intervals and McNemar's exact p",
            ("Model", *_DIFFERENCES),
            [_difference_row(name, scores[model]["mean"]) for model, name in MODELS.items()],
        ),
        element("h3", "By category"),
        paragraph(
            "A category is the mean over its families, each with the same weight. Existence, answered yes or no, "
            "stands beside the paper's four categories and outside of the headline."
        ),
        *(
            table(
                f"{name}: accuracy by category in per cent, with 95 % intervals",
                ("Category", *_SCORES),
                [score_row(category, cell) for category, cell in in_order(scores[model]["categories"]).items()],
            )
            for model, name in MODELS.items()
        ),
        element("h3", "By family of questions"),
        _families_chart(scores),
        *(_family_tables(scores[model], name) for model, name in MODELS.items()),
    )


def means_chart(findings: dict[str, Any]) -> Html:
    """The headline means of both models in three views."""
    scores = findings["scores"]["test"]
    cells = [scores[model]["mean"] for model in MODELS]
    return figure(
        views_chart("means", list(MODELS.values()), {"": cells}),
        "Mean accuracy of both models in three views; the section on vision holds the same numbers.",
        "Mean accuracy over the four-choice families, each with the same weight, in three views, with 95 % intervals.",
    )


def views_chart(name: str, rows: Sequence[str], panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Accuracy in three views beside chance.

    Args:
        name: Identifies the figure.
        rows: Names of the rows.
        panels: For each panel, by title, the scores of each row.
    """
    drawn = [
        Panel(title, {look.label: _intervals(cells, look.label) for look in _SERIES}) for title, cells in panels.items()
    ]
    chances = [100 * cell["chance"] for cell in next(iter(panels.values()))]
    return interval_chart(name, rows, _SERIES, drawn, Scale("right answers, %", 0, 100), Reference("chance", chances))


def in_order(groups: Mapping[str, Any]) -> dict[str, Any]:
    """Families by category, or categories: the paper's four in its order, then others."""
    ranks = {name: rank for rank, name in enumerate(CATEGORIES)}
    names = sorted(groups, key=lambda name: (ranks.get(groups[name].get("category", name), len(ranks)), name))
    return {name: groups[name] for name in names}


def score_row(name: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of a table of scores."""
    views = (share_interval(cell["views"][view]) for view in VIEWS)
    return (name, *views, percent(cell["chance"]), count(cell["questions"]))


def _difference_row(name: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    row = [name]
    for pair in ("visual_minus_blind", "visual_minus_mismatched", "mismatched_minus_blind"):
        difference = cell["differences"][pair]
        row += [points_interval(difference), probability(difference["mcnemar"]["p_value"])]
    return tuple(row)


def _families_chart(scores: Mapping[str, Any]) -> Html:
    families = list(in_order(scores["pretrained"]["families"]))
    panels = {name: [scores[model]["families"][family] for family in families] for model, name in MODELS.items()}
    return figure(
        views_chart("families", families, panels),
        "Accuracy of each question family in three views, for both models; the tables below hold the same numbers.",
        "Accuracy of each family in three views, with 95 % intervals clustered by image; the dashed line is chance.",
    )


def _family_tables(scores: Mapping[str, Any], name: str) -> Html:
    families = in_order(scores["families"])
    return join(
        table(
            f"{name}: accuracy by family in per cent, with 95 % intervals clustered by image",
            ("Family", "Category", *_SCORES),
            [(family, cell["category"], *score_row(family, cell)[1:]) for family, cell in families.items()],
            text_columns=2,
        ),
        table(
            f"{name}: differences between views in percentage points, with 95 % intervals and McNemar's exact p",
            ("Family", *_DIFFERENCES),
            [_difference_row(family, cell) for family, cell in families.items()],
        ),
    )


def _intervals(cells: Sequence[Mapping[str, Any]], view: str) -> list[Interval | None]:
    estimates = (cell["views"][view] for cell in cells)
    return [(100 * one["value"], 100 * one["low"], 100 * one["high"]) for one in estimates]
