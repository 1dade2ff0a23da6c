"""Sample questions with their images and what was answered in each view."""

import base64
from collections.abc import Mapping
from typing import Any

from inkling.components.shared.report.html import Html, element, join, paragraph, section, table
from inkling.models.sequence.views import VIEWS


def samples_section(findings: dict[str, Any], pictures: Mapping[str, bytes]) -> Html:
    """The sample questions.

    Args:
        findings: The findings.
        pictures: JPEG bytes of every image that a sample shows.
    """
    samples = findings["samples"]
    right = sum(sample["views"]["visual"]["correct"] for sample in samples)
    return section(
        "samples",
        "Sample questions",
        paragraph(
            f"{len(samples)} test questions drawn by seed, not by hand: {right} that the pre-trained model answers "
            f"rightly with the image, then {len(samples) - right} that it answers wrongly. This is not the rate at "
            "which it is right; that stands above. A choice's number is its share of the likelihood of all choices, "
            "in per cent; the chosen one is bold."
        ),
        element("ul", *(_sample(sample, pictures) for sample in samples), class_="samples"),
    )


def _sample(sample: Mapping[str, Any], pictures: Mapping[str, bytes]) -> Html:
    visual = sample["views"]["visual"]
    outcome = element(
        "span", "right" if visual["correct"] else "wrong", class_="right" if visual["correct"] else "wrong"
    )
    return element(
        "li",
        element(
            "div",
            _picture(
                pictures[sample["image_id"]],
                f"The image that the question is about ({sample['family']})",
                "its image",
                176,
            ),
            _picture(
                pictures[sample["mismatched_image_id"]], "The image shown in the mismatched view", "mismatched", 96
            ),
            class_="pictures",
        ),
        paragraph(sample["question"], class_="asked"),
        paragraph(join(f"{sample['category']}, {sample['family']}. With its image: ", outcome, "."), class_="muted"),
        table(
            "Share of the likelihood, %",
            ("Choice", *VIEWS),
            [_choice(sample, index) for index in range(len(sample["choices"]))],
        ),
        class_="sample",
    )


def _choice(sample: Mapping[str, Any], index: int) -> tuple[str, ...]:
    name = sample["choices"][index]
    cells: list[str] = [join(name, element("span", " (answer)", class_="right")) if name == sample["answer"] else name]
    for view in VIEWS:
        answer = sample["views"][view]
        share = f"{100 * answer['probabilities'][index]:.0f}"
        cells.append(element("span", share, class_="chosen") if answer["choice"] == index else share)
    return tuple(cells)


def _picture(jpeg: bytes, alternative: str, caption: str, width: int) -> Html:
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    image = Html(f'<img src="{source}" alt="{alternative}" width="{width}" height="{width}">')
    return element("figure", image, element("figcaption", caption))
