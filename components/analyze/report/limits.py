"""What the numbers do not show, how they were computed, and the split on which settings were chosen."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.vision import MODELS
from inkling.components.analyze.report.wording import count, percent, points_interval
from inkling.components.shared.report.html import Html, bullets, element, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval

_ANSWERED = {
    "likelihood": "A question is answered by the choice with the highest log-likelihood, the end of the answer "
    "included. The choices are not listed in the prompt, so their order matters only between equals, where a seeded "
    "order decides.",
    "likelihood-bytes": "A question is answered by the choice with the highest log-likelihood by the byte of its text, "
    "the end of the answer included. The choices are not listed in the prompt.",
    "likelihood-letters": "The prompt lists the choices behind letters, in a seeded order; a question is answered by "
    "the most likely letter.",
    "generate": "What the model generates at temperature 0 is read in the paper's three steps (LSBS, section 3): an "
    "explicit letter, the exact text of an option, the longest option in it. What none decides counts as wrong. Open "
    "questions are answered so whatever the method.",
}
"""How answers were found, by method."""
_METHOD = (
    "Intervals cover 95 % and are clustered by image, since questions that share an image are not independent: the "
    "linearised variance of image totals with a normal quantile. The accuracy of a single family takes Wilson's "
    "interval at its effective sample size.",
    "Differences are paired: the same questions in two views, or of two models. McNemar's exact p takes questions "
    "for independent and weighs them alike; read it beside the clustered interval.",
    "P-values of categories are corrected for their number where it says Holm; intervals are not: of twenty, one "
    "misses by chance.",
    "Perplexity is per token of this run's tokenizer and cannot be compared across tokenizers; bits per byte can.",
)
_UNTESTED = (
    "Other seeds: one was run. The spread between trainings is in no interval here.",
    "Other recipes: one was run, so nothing here says that this mixture is better or worse than another.",
    "Other suites of questions than those read here.",
    "The paper's scale (LSBS, section 1: 340 million to 13 billion parameters). Its effects need not appear here.",
    "Graphics processors, clusters and load.",
)


_FREE = "Free answers: choices were scored by likelihood; the few free answers of the server are shown, not scored."


def validation_section(findings: dict[str, Any]) -> Html:
    """The validation split, apart from the results."""
    return section(
        "validation",
        "The validation split",
        paragraph(
            "Settings were chosen here, so these numbers are no results. They stand here to be compared with the test "
            "split: a large gap would be a sign of settings that fit only these images.",
            class_="note",
        ),
        *(_suite(suite) for suite in validated(findings).values()),
    )


def validated(findings: dict[str, Any]) -> dict[str, Any]:
    """The suites that have a validation split."""
    return {name: suite for name, suite in findings["suites"].items() if "validation" in suite["scores"]}


def _suite(suite: Mapping[str, Any]) -> Html:
    scores = suite["scores"]["validation"]
    views = list(scores["pretrained"]["mean"]["views"])
    return table(
        f"{suite['title']}, validation: {suite['headline']['label']} in per cent, with 95 % intervals",
        ("Model", *(view.capitalize() for view in views), "Visual - blind, points", "Chance", "Questions"),
        [
            (
                name,
                *(with_interval(scores[model]["mean"]["views"][view]) for view in views),
                points_interval(scores[model]["mean"]["differences"]["visual_minus_blind"]),
                percent(scores[model]["mean"]["chance"]),
                count(scores[model]["mean"]["questions"]),
            )
            for model, name in MODELS.items()
        ],
    )


def limits_section(findings: dict[str, Any]) -> Html:
    """Method, and what was not tested."""
    suites = findings["suites"].values()
    departures = findings["adaptation"]["recipe"]["departures"]
    methods = list(dict.fromkeys(method for suite in suites for method in suite["methods"]))
    answered = [_ANSWERED.get(method, f"Answers were found by the method '{method}'.") for method in methods]
    passes = max((suite["passes"] for suite in suites), default=1)
    if passes != 1:
        answered.append(f"A question with its image took {passes} passes of the language model.")
    free = [] if "generate" in methods else [_FREE]
    return section(
        "limits",
        "Method, and what this does not show",
        element("h3", "How the numbers were computed"),
        bullets([*answered, *_METHOD]),
        element("h3", "Departures from the paper in the adaptation"),
        bullets(departures or ["The recipe records none."]),
        element("h3", "What was not tested"),
        bullets([*_UNTESTED, *free, *dict.fromkeys(one for suite in suites for one in suite["report"]["untested"])]),
    )
