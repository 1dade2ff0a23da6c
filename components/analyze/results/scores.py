"""A page of one model's scores: every suite with intervals, what the image adds, tests, and checks of the answers."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inkling.components.analyze.bias import first_choice
from inkling.components.analyze.blind_answers import blind_answers
from inkling.components.analyze.contamination import Overlap, contamination
from inkling.components.analyze.report.checks import (
    ABOUT_TESTS,
    ABOUT_TRAPS,
    PAIR,
    TESTS,
    TRAPS,
    category_rows,
    generated,
    overlap_said,
    tests_row,
    traps_row,
    yes_rate,
)
from inkling.components.analyze.report.vision import difference_heads, difference_row, score_heads, score_row
from inkling.components.analyze.report.wording import count, percent
from inkling.components.artifacts.annotations import ImageAnnotation
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.items import items
from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import Suite
from inkling.components.shared.report.html import Html, element, join, page, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval
from inkling.components.shared.statistics.indispensable import indispensable

_MODEL = "model"
Scores = Mapping[str, Any]


def scores_page(
    name: str,
    summary: Scores,
    suites: Sequence[Suite],
    answers: Sequence[Answer],
    questions: Sequence[Question],
    annotations: Mapping[str, ImageAnnotation],
    seen: Overlap | None = None,
    missing: str = "",
) -> str:
    """The page as one HTML document that refers to nothing outside itself.

    Args:
        name: What the model is called.
        summary: As the Answers hold it.
        suites: What the suites are.
        answers: The answers, of all suites and views.
        questions: The questions that they answer; others may be among them.
        annotations: What pictures show, by image, where it is known.
        seen: What of the test questions stands in the text that the model read; None where that is not known.
        missing: What is missing, in words; empty where nothing is.
    """
    given = {suite.name: [one for one in answers if one.suite == suite.name] for suite in suites}
    known = {(one.suite, one.question_id): one for one in questions}
    sections = [
        _suite(suite, split, scores, given[suite.name], known, annotations, seen)
        for suite in suites
        for split, scores in sorted(summary["suites"].get(suite.name, {}).get("splits", {}).items(), key=_test_first)
    ]
    methods = sorted({one.method for one in answers})
    return page(
        f"Inkling: scores of {name}",
        element(
            "header",
            paragraph("Inkling", class_="mark"),
            element("h1", f"What {name} answers"),
            paragraph(
                f"Answers by {', '.join(methods)}. Intervals are of 95 % and clustered by image; they cover the choice "
                "of questions, not the chances of training. Blind asks without the image, mismatched with another one, "
                "blank with a grey one: what visual has beyond them was seen in the image. Every number stands in "
                "scores.json, every question in answers.html."
            ),
            *([paragraph(element("strong", f"Partial: {missing}"))] if missing else []),
        ),
        element("main", *sections),
    )


def _test_first(entry: tuple[str, Scores]) -> tuple[bool, str]:
    return entry[0] != "test", entry[0]


def _suite(
    suite: Suite,
    split: str,
    scores: Scores,
    answers: Sequence[Answer],
    questions: Mapping[tuple[str, str], Question],
    annotations: Mapping[str, ImageAnnotation],
    seen: Overlap | None,
) -> Html:
    title = suite.title if split == "test" else f"{suite.title} ({split})"
    mean = scores["mean"]
    own = [one for one in answers if one.split == split]
    asked = [questions[suite.name, name] for name in sorted({one.question_id for one in own})]
    beside = suite.headline.beside
    return section(
        f"{suite.name}-{split}",
        title,
        paragraph(
            f"{count(mean['questions'])} questions about {count(mean['images'])} images. {suite.report.images} "
            f"Licence: {suite.licence}. {suite.source}"
        ),
        _table(f"{title}: {suite.headline.label}", {"headline": mean}),
        *([_table(f"{title}: {beside.label}", {"headline": scores["beside"]})] if beside else []),
        _differences(title, {"headline": mean}),
        _blind(own, suite),
        _overlap(suite, asked, own, seen) if split == "test" else join(),
        *_tests(title, scores),
        *([_table(f"{title}, by category", scores["categories"])] if len(scores["categories"]) > 1 else []),
        *_families(title, scores["families"]),
        element("h3", "Undecidable answers, calibration, positions and yes-rate"),
        paragraph(ABOUT_TRAPS),
        table(
            f"{title}: checks of the headline's answers",
            ("View", *TRAPS),
            [traps_row(view, cell) for view, cell in scores["checks"].items()],
        ),
        *yes_rate(title, first_choice(asked, {_MODEL: own}), {_MODEL: "the model"}),
        *generated(title, _rubric(own, asked, annotations), {_MODEL: "the model"}),
    )


def _table(caption: str, cells: Mapping[str, Scores], first: str = "") -> Html:
    rows = [score_row(name, cell) for name, cell in cells.items()]
    return table(f"{caption}, in per cent", (first, *score_heads(next(iter(cells.values())))), rows)


def _differences(title: str, cells: Mapping[str, Scores]) -> Html:
    """Differences between views; nothing where one view was asked."""
    if not (heads := difference_heads(next(iter(cells.values())))):
        return join()
    rows = [difference_row(name, cell) for name, cell in cells.items()]
    return table(f"{title}: differences between views in percentage points, with McNemar's exact p", ("", *heads), rows)


def _tests(title: str, scores: Scores) -> Iterable[Html]:
    """What the image adds, with all tests; nothing where it was not asked with and without."""
    if PAIR not in scores["mean"]["differences"]:
        return
    yield paragraph(ABOUT_TESTS)
    yield table(
        f"{title}: what the image adds, in points, and what could be shown",
        ("", *TESTS),
        [tests_row("headline", scores["mean"]), *category_rows(scores["categories"])],
    )


def _families(title: str, families: Mapping[str, Scores]) -> Iterable[Html]:
    if len(families) > 1:
        yield _table(f"{title}, by family", families)
        yield _differences(f"{title}, by family", families)


def _blind(answers: Sequence[Answer], suite: Suite) -> Html:
    """How many questions the model answers without the image; nothing where it was not asked so."""
    asked = sorted(
        (one for one in items(answers, suite.metric) if one.view == "blind"), key=lambda one: one.question_id
    )
    if not asked:
        return join()
    right, chances = [one.correct for one in asked], [one.chance for one in asked]
    found = indispensable([right], chances, [one.image_id for one in asked])
    needed, guessed = with_interval(dataclasses.asdict(found.needed)), percent(found.needed_by_chance)
    return paragraph(
        f"Vision-indispensable: without the image the model does not answer {needed} % of the questions rightly; of a "
        f"guesser it would be {guessed} %. Studies count it over seeds."
    )


def _overlap(suite: Suite, asked: Sequence[Question], answers: Sequence[Answer], seen: Overlap | None) -> Html:
    """How many questions stand in the training text, and the scores without them."""
    if seen is None:
        return paragraph("Overlap with the training text: the text is not known here; it is where a run is evaluated.")
    return overlap_said(contamination(suite, asked, seen, {_MODEL: answers}), _MODEL, "The model")


def _rubric(
    answers: Sequence[Answer], questions: Sequence[Question], annotations: Mapping[str, ImageAnnotation]
) -> dict[str, dict[str, int]]:
    by_id = {one.question_id: one for one in questions}
    return {_MODEL: dataclasses.asdict(blind_answers(answers, by_id, annotations))}
