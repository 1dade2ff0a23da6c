"""Whether the size of an object matters, after the paper's Multi-Level Existence bench."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.vision import MODELS, score_heads, score_row, views_chart
from inkling.components.analyze.report.wording import percent
from inkling.components.shared.report.html import Html, element, figure, join, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval


def sized(findings: dict[str, Any]) -> dict[str, Any]:
    """The suites whose questions say how large their object is."""
    return {name: suite for name, suite in findings["suites"].items() if suite["scores"]["test"]["pretrained"]["sizes"]}


def sizes_section(findings: dict[str, Any]) -> Html:
    """Questions whose object has a size, by that size, and how often each model says the first choice to them."""
    return section(
        "sizes",
        "Does the size of the object matter?",
        *(_suite(name, suite) for name, suite in sized(findings).items()),
    )


def _suite(name: str, suite: Mapping[str, Any]) -> Html:
    scores = suite["scores"]["test"]
    families = list(scores["pretrained"]["sizes"])
    return join(
        element("h3", suite["title"]),
        *([paragraph(meaning)] if (meaning := suite["report"]["sizes"]) else []),
        *(_family(name, suite, family) for family in families),
        *(_first_choice(suite, family) for family in families if family in suite["first_choice"]),
    )


def _family(name: str, suite: Mapping[str, Any], family: str) -> Html:
    sizes = {model: suite["scores"]["test"][model]["sizes"][family] for model in MODELS}
    buckets = list(sizes["pretrained"])
    panels = {title: [sizes[model][bucket] for bucket in buckets] for model, title in MODELS.items()}
    return join(
        figure(
            views_chart(f"sizes-{name}-{family}", buckets, panels),
            f"Accuracy of the family {family} by object size, for both models; the tables below hold the same numbers.",
            f"Family {family}: accuracy by size of the object, with 95 % intervals; the dashed line is chance.",
        ),
        *(
            table(
                f"{suite['title']}, {title}, {family}: accuracy by object size in per cent, with 95 % intervals",
                ("Size", *score_heads(next(iter(sizes[model].values())))),
                [score_row(bucket, cell) for bucket, cell in sizes[model].items()],
            )
            for model, title in MODELS.items()
        ),
    )


def _first_choice(suite: Mapping[str, Any], family: str) -> Html:
    shares = suite["first_choice"][family]
    return table(
        f"{suite['title']}, {family}: how often each model says '{shares['choice']}', in per cent (right for "
        f"{percent(shares['right'])} % of the questions; a model that always says the same scores at chance)",
        ("Model", *(view.capitalize() for view in shares["pretrained"])),
        [(name, *map(with_interval, shares[model].values())) for model, name in MODELS.items()],
    )
