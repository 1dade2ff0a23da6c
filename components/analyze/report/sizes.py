"""Whether the size of an object matters, after the paper's Multi-Level Existence bench."""

from typing import Any

from inkling.components.analyze.report.vision import MODELS, score_row, views_chart
from inkling.components.analyze.report.wording import percent
from inkling.components.shared.report.html import Html, figure, join, paragraph, section, table
from inkling.models.sequence.views import VIEWS


def sizes_section(findings: dict[str, Any]) -> Html:
    """Questions whose object has a size, by that size, and how often each model says the first choice to them."""
    scores = findings["scores"]["test"]
    return section(
        "sizes",
        "Does the size of the object matter?",
        paragraph(
            "Whether a thing is in the image was asked of images with one drawing each, by how much of the image the "
            "drawing covers: small up to 3 %, medium up to 10 %, large more. Half of the questions name what is "
            "there, half something else."
        ),
        *(_family(scores, family) for family in scores["pretrained"]["sizes"]),
        *(_said(findings["first_choice"], family) for family in scores["pretrained"]["sizes"]),
    )


def _family(scores: dict[str, Any], family: str) -> Html:
    sizes = {model: scores[model]["sizes"][family] for model in MODELS}
    buckets = list(sizes["pretrained"])
    panels = {name: [sizes[model][bucket] for bucket in buckets] for model, name in MODELS.items()}
    return join(
        figure(
            views_chart(f"sizes-{family}", buckets, panels),
            f"Accuracy of the family {family} by object size, for both models; the tables below hold the same numbers.",
            f"Family {family}: accuracy by size of the object, with 95 % intervals; the dashed line is chance.",
        ),
        *(
            table(
                f"{name}, {family}: accuracy by object size in per cent, with 95 % intervals",
                ("Size", "Visual", "Blind", "Mismatched", "Chance", "Questions"),
                [score_row(bucket, cell) for bucket, cell in sizes[model].items()],
            )
            for model, name in MODELS.items()
        ),
    )


def _said(first_choice: dict[str, Any], family: str) -> Html:
    told = first_choice[family]
    return table(
        f"{family}: how often each model says '{told['choice']}', in per cent (right for {percent(told['right'])} % "
        "of the questions; a model that always says the same scores at chance)",
        ("Model", *(view.capitalize() for view in VIEWS)),
        [(name, *(percent(told[model][view]) for view in VIEWS)) for model, name in MODELS.items()],
    )
