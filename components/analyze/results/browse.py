"""A page to browse answers: every question with its image, its options and what each view made of them.

One file that refers to nothing outside itself, below `LIMIT` bytes: pictures are shown as large as fits, and where even
the smallest do not, or the text alone is too long, evenly spaced questions are left out, and the page says how many.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inkling.components.analyze.results.browser import SCRIPT, STYLE
from inkling.components.analyze.results.thumbnails import thumbnails
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.shared.report.html import Html, element, join, page, paragraph
from inkling.components.shared.statistics.calibration import option_shares
from inkling.models.sequence.views import VIEWS
from inkling.models.strict_json import to_json

LIMIT = 5_000_000
"""Bytes of the page at most."""
_FRAME = 30_000
"""Bytes kept for all but the data: style, script and controls."""
_FEWER = 0.75
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def browse(
    models: Mapping[str, Sequence[Answer]],
    questions: Sequence[Question],
    pictures: Mapping[str, bytes],
    titles: Mapping[str, str],
    limit: int = LIMIT,
) -> str:
    """The page as an HTML document.

    Args:
        models: Answers of each model by its name.
        questions: The questions; those that no model answered are left out.
        pictures: Bytes of the images, by id.
        titles: Title of each suite, by name.
        limit: Bytes of the page at most.

    Raises:
        ValueError: If no question was answered, or not one fits.
    """
    given = {name: {(one.suite, one.question_id, one.view): one for one in answers} for name, answers in models.items()}
    known = {key[:2] for answers in given.values() for key in answers}
    asked = [one for one in questions if (one.suite, one.question_id) in known]
    if not asked:
        raise ValueError("no question was answered: there is nothing to browse")
    found = {view for answers in given.values() for *_, view in answers}
    views = [*(view for view in VIEWS if view in found), *sorted(found.difference(VIEWS))]
    number = float(len(asked))
    while number >= 1:
        shown = [asked[int(place * len(asked) / int(number))] for place in range(int(number))]
        wanted = list(dict.fromkeys(image for one in shown for image in _images(one) if image in pictures))
        places = {image: place for place, image in enumerate(wanted)}
        rows = _json([_row(one, given.values(), views, places) for one in shown])
        left = limit - _FRAME - len(rows.encode()) - 4 * len(wanted)
        small = thumbnails({image: pictures[image] for image in wanted}, left) if left > 0 else None
        if small is not None:
            drawn = _json([small.addresses.get(image, "") for image in wanted])
            facts = {"titles": dict(titles), "models": list(models), "views": views, "side": small.side}
            return _page(rows, drawn, _json(facts), _words(len(shown), len(asked), small.side))
        number *= _FEWER
    raise ValueError(f"not one question fits into {limit} bytes")


def _words(shown: int, asked: int, side: int) -> str:
    """What the page says of itself."""
    left_out = "" if shown == asked else f" To keep the page small, {asked - shown:,} others are left out, evenly."
    return (
        f"{shown:,} of {asked:,} questions, images at most {side} pixels wide and high.{left_out} Numbers are an "
        "option's share of the likelihood of all options, in per cent; the chosen one is bold. Keys: j and k go to the "
        "next and the previous question, n and p to the next and the previous page, / to the search."
    )


def _images(question: Question) -> tuple[str, str]:
    return question.image_id, question.mismatched_image_id


def _row(
    question: Question,
    given: Iterable[Mapping[tuple[str, str, str], Answer]],
    views: Sequence[str],
    places: Mapping[str, int],
) -> dict[str, Any]:
    """A question as the page's script reads it."""
    key = (question.suite, question.question_id)
    return {
        "id": question.question_id,
        "suite": question.suite,
        "split": question.split,
        "category": question.category,
        "family": question.family,
        "text": question.question,
        "choices": question.choices,
        "answer": question.answer,
        "images": [places.get(image, -1) for image in _images(question)],
        "given": [[_given(answers.get((*key, view))) for view in views] for answers in given],
    }


def _given(answer: Answer | None) -> list[Any] | None:
    """Chosen option, whether right, shares of the likelihood in per cent, and the text generated."""
    if answer is None:
        return None
    shares = [round(100 * share) for share in option_shares(answer.log_likelihoods)]
    return [answer.choice, int(answer.correct), shares, *([answer.text] if answer.text else [])]


def _json(value: Any) -> str:
    """JSON that cannot end the element of the page in which it stands."""
    return to_json(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _page(rows: str, drawn: str, facts: str, words: str) -> str:
    return page(
        "Inkling: questions and answers",
        element("a", "Skip to the questions", href="#questions", class_="skip"),
        element(
            "header",
            paragraph("Inkling", class_="mark"),
            element("h1", "Questions and answers"),
            paragraph(words, class_="muted"),
        ),
        element(
            "main",
            element("form", id="filters", aria_label="Filters"),
            paragraph(element("output", id="status", role="status")),
            element("ol", id="questions", class_="samples", tabindex="-1"),
            element("nav", id="pages", aria_label="Pages"),
            element("noscript", paragraph("This page needs JavaScript, which it holds itself.")),
        ),
        _data("facts", facts),
        _data("pictures", drawn),
        _data("rows", rows),
        element("script", Html(SCRIPT)),
        head=join(
            Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'), element("style", Html(STYLE))
        ),
    )


def _data(identity: str, text: str) -> Html:
    return element("script", Html(text), type="application/json", id=identity)
