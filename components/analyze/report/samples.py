"""Sample questions with their images and what was answered in each view."""

import base64
import html
from collections.abc import Mapping
from typing import Any

from inkling.components.shared.report.html import Html, element, join, paragraph, section, table

_KINDS = {b"\x89PNG": "png", b"RIFF": "webp", b"GIF8": "gif", b"BM": "bmp"}
"""First bytes of the formats beside JPEG."""


def samples_section(findings: dict[str, Any], pictures: Mapping[str, bytes]) -> Html:
    """The sample questions.

    Args:
        findings: The findings.
        pictures: Bytes of every image that a sample shows.
    """
    return section(
        "samples",
        "Sample questions",
        paragraph(
            "Test questions drawn by seed, not by hand, as many that are answered rightly as wrongly where there are "
            "enough. This is not the rate at which the model is right; that stands above. A choice's number is its "
            "share of the likelihood of all choices, in per cent; the chosen one is bold."
        ),
        *(_suite(suite, pictures) for suite in findings["suites"].values()),
    )


def _suite(suite: Mapping[str, Any], pictures: Mapping[str, bytes]) -> Html:
    samples = suite["samples"]
    right = sum(sample["views"]["visual"]["correct"] for sample in samples)
    return join(
        element("h3", suite["title"]),
        paragraph(
            f"{right} questions that the pre-trained model answers rightly with the image, then "
            f"{len(samples) - right} that it answers wrongly."
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
            ("Choice", *sample["views"]),
            [_choice(sample, index) for index in range(len(sample["choices"]))],
        ),
        class_="sample",
    )


def _choice(sample: Mapping[str, Any], index: int) -> tuple[str, ...]:
    name = sample["choices"][index]
    cells: list[str] = [join(name, element("span", " (answer)", class_="right")) if name == sample["answer"] else name]
    for answer in sample["views"].values():
        share = f"{100 * answer['probabilities'][index]:.0f}" if answer["probabilities"] else "-"
        cells.append(element("span", share, class_="chosen") if answer["choice"] == index else share)
    return tuple(cells)


def _picture(data: bytes, alternative: str, caption: str, width: int) -> Html:
    kind = next((name for start, name in _KINDS.items() if data.startswith(start)), "jpeg")
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    image = Html(f'<img src="{source}" alt="{html.escape(alternative)}" width="{width}" height="{width}">')
    return element("figure", image, element("figcaption", caption))
