"""Whether both of two twins are answered rightly: pictures that differ in one thing, and the same question."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.vision import MODELS
from inkling.components.analyze.report.wording import count
from inkling.components.shared.report.html import Html, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval


def paired(findings: Mapping[str, Any]) -> dict[str, Any]:
    """The suites that ask about twins."""
    return {name: suite for name, suite in findings["suites"].items() if suite["twins"]}


def twins_section(findings: Mapping[str, Any]) -> Html:
    """A table for each suite that asks about twins."""
    return section(
        "twins",
        "Does one change in the picture change the answer?",
        paragraph(
            "Twins are two pictures that differ in one thing; the same question, with the same choices, has another "
            "answer to each. A pair counts where both are answered rightly. Who does not look gives both the same "
            "answer, and is right of both in no pair; who guesses each for itself is in one of sixteen."
        ),
        *(_suite(suite) for suite in paired(findings).values()),
    )


def _suite(suite: Mapping[str, Any]) -> Html:
    views = list(next(iter(suite["twins"].values())))
    return table(
        f"{suite['title']}: pairs of twins of which both are answered rightly, in per cent, with 95 % intervals over "
        "pairs",
        ("Model", *(view.capitalize() for view in views), "Pairs"),
        [
            (MODELS[model], *(with_interval(found[view]) for view in views), count(found[views[0]]["questions"]))
            for model, found in suite["twins"].items()
        ],
    )
