"""Whether the image is used: scores per category and family in every view, and the differences between views."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inkling.components.analyze.report.wording import count, percent, points_interval, probability
from inkling.components.shared.report.figures import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    Panel,
    Reference,
    Scale,
    Series,
    drawn,
    interval_chart,
)
from inkling.components.shared.report.html import Html, element, figure, join, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval
from inkling.models.sequence.views import BLANK_DIFFERENCES, DIFFERENCES

MODELS = {"pretrained": "Pre-trained on text", "no_pretraining": "No pretraining"}
_SERIES = [
    Series("visual", BLUE, "o"),
    Series("blind", GREY, "s"),
    Series("mismatched", ORANGE, "D"),
    Series("blank", GREEN, "^"),
]
_PAIRS = {
    f"{first}_minus_{second}": f"{first.capitalize()} - {second}"
    for first, second in (*DIFFERENCES, *BLANK_DIFFERENCES)
}


def vision_section(findings: dict[str, Any]) -> Html:
    """For each suite the headline of both models, then categories and families."""
    return section(
        "vision",
        "Does it use the image?",
        paragraph(
            "The model was evaluated in these views: ",
            *(element("b", "visual"), " (with the image), ", element("b", "blind"), " (without), "),
            *(element("b", "mismatched"), " (with another image of the suite), "),
            *(element("b", "blank"), " (with a plain grey image, where it was asked for). "),
            "What visual has beyond all other views was seen in the image.",
        ),
        *(_suite(name, suite) for name, suite in findings["suites"].items()),
    )


def _suite(name: str, suite: Mapping[str, Any]) -> Html:
    scores, size, title = suite["scores"]["test"], suite["questions"]["test"], suite["title"]
    return join(
        element("h3", title),
        paragraph(
            f"{count(size['questions'])} test questions about {count(size['images'])} images. "
            f"{suite['report']['images']}"
        ),
        table(
            f"{title}: {suite['headline']['label']} in per cent, with 95 % intervals",
            ("Model", *score_heads(scores["pretrained"]["mean"])),
            [score_row(name, scores[model]["mean"]) for model, name in MODELS.items()],
        ),
        *_beside(suite),
        table(
            f"{title}: differences between views of the headline in percentage points, with 95 % intervals and "
            "McNemar's exact p",
            ("Model", *difference_heads(scores["pretrained"]["mean"])),
            [difference_row(name, scores[model]["mean"]) for model, name in MODELS.items()],
        ),
        element("h4", f"{title}, by category"),
        paragraph(
            f"A category is the mean over its {suite['headline']['mean']}, each with the same weight. "
            f"{suite['report']['categories']}"
        ),
        *_described(suite["categories"]),
        *(
            table(
                f"{title}, {name}: accuracy by category in per cent, with 95 % intervals",
                ("Category", *score_heads(scores["pretrained"]["mean"])),
                [score_row(category, cell) for category, cell in scores[model]["categories"].items()],
            )
            for model, name in MODELS.items()
        ),
        element("h4", f"{title}, by family of questions"),
        _families_chart(name, suite),
        *(_family_tables(suite, scores[model], name) for model, name in MODELS.items()),
    )


def means_chart(name: str, suite: Mapping[str, Any]) -> Html:
    """The headline means of both models in every view."""
    cells = [suite["scores"]["test"][model]["mean"] for model in MODELS]
    return figure(
        views_chart(f"means-{name}", list(MODELS.values()), {"": cells}),
        f"{suite['title']}: {suite['headline']['label']} of both models in every view; the section on vision holds "
        "the same numbers.",
        f"{suite['title']}: {suite['headline']['label']} in every view, with 95 % intervals.",
    )


def views_chart(name: str, rows: Sequence[str], panels: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Accuracy in every view beside chance.

    Args:
        name: Identifies the figure.
        rows: Names of the rows.
        panels: For each panel, by title, the scores of each row.
    """
    series = [look for look in _SERIES if look.label in next(iter(panels.values()))[0]["views"]]
    dots = [
        Panel(title, {look.label: [drawn(cell["views"][look.label], 100) for cell in cells] for look in series})
        for title, cells in panels.items()
    ]
    chances = [100 * cell["chance"] for cell in next(iter(panels.values()))]
    return interval_chart(name, rows, series, dots, Scale("right answers, %", 0, 100), Reference("chance", chances))


def in_order(suite: Mapping[str, Any]) -> list[str]:
    """The families of a suite by category, categories in the suite's order."""
    scores = suite["scores"]["test"]["pretrained"]
    ranks = {name: rank for rank, name in enumerate(scores["categories"])}
    return sorted(scores["families"], key=lambda name: (ranks[scores["families"][name]["category"]], name))


def score_heads(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """Heads of a table of scores, but for the first."""
    return (*(view.capitalize() for view in cell["views"]), "Chance", "Questions")


def score_row(name: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of a table of scores."""
    views = map(with_interval, cell["views"].values())
    return (name, *views, percent(cell["chance"]), count(cell["questions"]))


def _described(categories: Iterable[Mapping[str, str]]) -> list[Html]:
    """What the questions of each category ask, where the suite says it."""
    descriptions = [f"{one['name']}: {one['description']}" for one in categories if one["description"]]
    return [paragraph("; ".join(descriptions) + ".", class_="muted")] if descriptions else []


def difference_heads(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """Heads of a table of differences between views, but for the first."""
    return tuple(head for pair in cell["differences"] for head in (_PAIRS[pair], "p"))


def difference_row(name: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of a table of differences between views."""
    row = [name]
    for pair in cell["differences"]:
        difference = cell["differences"][pair]
        row += [points_interval(difference), probability(difference["mcnemar"]["p_value"])]
    return tuple(row)


def _beside(suite: Mapping[str, Any]) -> list[Html]:
    """The other mean over the questions of the headline, where the suite reports one."""
    scores, stated = suite["scores"]["test"], suite["headline"].get("beside")
    if not stated:
        return []
    return [
        table(
            f"{suite['title']}: {stated['label']} in per cent, with 95 % intervals",
            ("Model", *score_heads(scores["pretrained"]["mean"])),
            [score_row(name, scores[model]["beside"]) for model, name in MODELS.items()],
        )
    ]


def _families_chart(name: str, suite: Mapping[str, Any]) -> Html:
    scores, families = suite["scores"]["test"], in_order(suite)
    panels = {title: [scores[model]["families"][family] for family in families] for model, title in MODELS.items()}
    return figure(
        views_chart(f"families-{name}", families, panels),
        f"{suite['title']}: accuracy of each question family in every view, for both models; the tables below hold "
        "the same numbers.",
        f"{suite['title']}: accuracy of each family in every view, with 95 % intervals clustered by image; the dashed "
        "line is chance.",
    )


def _family_tables(suite: Mapping[str, Any], scores: Mapping[str, Any], name: str) -> Html:
    families = {family: scores["families"][family] for family in in_order(suite)}
    return join(
        table(
            f"{suite['title']}, {name}: accuracy by family in per cent, with 95 % intervals clustered by image",
            ("Family", "Category", *score_heads(scores["mean"])),
            [(family, cell["category"], *score_row(family, cell)[1:]) for family, cell in families.items()],
            text_columns=2,
        ),
        table(
            f"{suite['title']}, {name}: differences between views in percentage points, with 95 % intervals and "
            "McNemar's exact p",
            ("Family", *difference_heads(scores["mean"])),
            [difference_row(family, cell) for family, cell in families.items()],
        ),
    )
