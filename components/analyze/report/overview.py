"""The top of the report: what was asked, the answer with its interval, and the numbers that carry it."""

import math
from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.vision import means_chart
from inkling.components.analyze.report.wording import clearly_below, compared, count, interval, percent, points
from inkling.components.shared.report.html import Html, element, paragraph


def header(findings: dict[str, Any]) -> Html:
    """Title and headline."""
    run, suites = findings["run"], findings["suites"]
    beyond = [suite["report"]["beyond"] for suite in suites.values() if suite["report"]["beyond"]]
    open_ = ["how another seed, recipe or model size would have done", *beyond]
    return element(
        "header",
        paragraph("Inkling", class_="mark"),
        element("h1", "What a language model brings to its first images"),
        paragraph(
            f"One run of the recipe {run['recipe']}, seed {run['seed']}: a language model was pre-trained on text, "
            "adapted to vision, and evaluated on the same held-out questions with the image, without it and with a "
            "wrong one."
        ),
        *(paragraph(headline(suite), class_="lead") for suite in suites.values()),
        paragraph(
            f"What this does not show: {'; '.join(open_)}. Intervals cover the choice of questions, not the chances of "
            "training.",
            class_="muted",
        ),
        element("ul", *cards(findings), class_="cards"),
        *(means_chart(name, suite) for name, suite in suites.items()),
    )


def headline(suite: Mapping[str, Any]) -> str:
    """The main result on a suite in words that its intervals support."""
    cell = suite["scores"]["test"]["pretrained"]["mean"]
    gain = cell["differences"]["visual_minus_blind"]
    return (
        f"{suite['title']}: {verdict(cell)} The model is right {percent(cell['views']['visual']['value'])} % of the "
        f"time with the image and {percent(cell['views']['blind']['value'])} % without it "
        f"({suite['headline']['label']}): a difference of {points(gain['value'])} points, {interval(gain)}."
    )


def verdict(cell: Mapping[str, Any]) -> str:
    """Whether the image was used: the right image must help, and more than a wrong one does."""
    unclear = "Whether the image was used cannot be told from these questions."
    differences = cell["differences"]
    beyond_wrong = compared(
        differences["visual_minus_mismatched"],
        "The image was used.",
        "An image helps, but a wrong one helps more: what it shows was not used.",
        "An image helps, but no more than a wrong one: that it was looked at is not shown.",
    )
    return compared(differences["visual_minus_blind"], beyond_wrong, "The image did harm.", unclear)


def cards(findings: dict[str, Any]) -> list[Html]:
    """The numbers that carry the headlines."""
    ratio, below, sources = learned(findings["language"]["perplexity"])
    return [
        *(card for suite in findings["suites"].values() for card in _suite_cards(suite)),
        _card(
            "Unigram perplexity over the model's",
            f"{ratio:.1f}",
            "times",
            f"on held-out text (geometric mean of sources); the model is clearly below in {below} of {sources} "
            "sources.",
        ),
    ]


def _suite_cards(suite: Mapping[str, Any]) -> list[Html]:
    scores, title = suite["scores"]["test"], suite["title"]
    cell, text = scores["pretrained"]["mean"], scores["pretrained_minus_no_pretraining"]["mean"]["visual"]
    gain, wrong = cell["differences"]["visual_minus_blind"], cell["differences"]["mismatched_minus_blind"]
    return [
        _card(
            "With its image, against without",
            points(gain["value"]),
            "points",
            f"{title}: {interval(gain)}. {count(cell['questions'])} questions about {count(cell['images'])} images; "
            f"chance is {percent(cell['chance'])} %.",
        ),
        _card(
            "With a wrong image, against without",
            points(wrong["value"]),
            "points",
            f"{title}: {interval(wrong)}. "
            + compared(
                wrong,
                "A wrong image should not help: the questions may be leaking their answers.",
                "A wrong image misleads, as it does whoever looks.",
                "No sign that a wrong image helps, as it should be.",
            ),
        ),
        _card(
            "Pre-trained, against no pretraining",
            points(text["value"]),
            "points",
            f"{title}, with the image: {interval(text)}. "
            + compared(
                text,
                "Pre-trained was better in this run; one seed cannot say whether it would be in another.",
                "The baseline was better in this run; one seed cannot say whether it would be in another.",
                "This run cannot tell the two apart.",
            ),
        ),
    ]


def learned(perplexity: dict[str, Any]) -> tuple[float, int, int]:
    """How much language was learned.

    Returns:
        Geometric mean over sources of the unigram model's perplexity over the language model's, number of sources where
        the whole interval of the language model is below, and number of sources.
    """
    entries = perplexity.values()
    logarithms = [math.log(entry["unigram_perplexity"] / entry["model_perplexity"]) for entry in entries]
    below = sum(map(clearly_below, entries))
    return math.exp(sum(logarithms) / len(logarithms)), below, len(logarithms)


def _card(name: str, value: str, unit: str, detail: str) -> Html:
    return element(
        "li",
        paragraph(name, class_="name"),
        paragraph(value, element("span", f" {unit}", class_="unit"), class_="value"),
        paragraph(detail, class_="detail"),
        class_="card",
    )
