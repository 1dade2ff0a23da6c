"""Scores of answers: accuracy by view and differences between views, each with its interval, beside chance.

A difference has McNemar's exact p, which takes questions for independent, and one clustered by image; for categories
both are corrected for their number (Holm). Beside them stands what so many questions can show.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.items import items
from inkling.components.artifacts.suite import Suite
from inkling.components.evaluate.checks import checks
from inkling.components.shared.statistics.intervals import (
    Estimate,
    accuracy,
    clustered_mean,
    mcnemar,
    paired_difference,
)
from inkling.components.shared.statistics.paired import clustered_p_value, holm, power
from inkling.models.sequence.views import ALL_VIEWS, BLANK_DIFFERENCES, DIFFERENCES

BUCKETS = ("small", "medium", "large")
Weighed = Literal["families", "questions", "size_buckets"]
_WEIGHED_BY = {"families": "family", "size_buckets": "size_bucket"}


def summarise(answers: Sequence[Answer], suites: Sequence[Suite], passes: int = 1) -> dict[str, Any]:
    """The content of `summary.json`: `suites`, by name; in each the headline rule and, by split, the scores.

    Where a question took more than one, `passes` says how many of the language model.

    The scores of a split are `mean` (the headline, over the categories that the suite's rule names), `beside` (another
    mean over the same questions, where the suite reports one), `categories`,
    `families` and object `sizes`; `checks` by view are of the headline's questions. What weighs the same in a mean,
    families or questions, the rule says too. Questions that the suite's metric counts as one are one.

    Args:
        answers: One answer a question and view.
        suites: What the suites of the answers are.
        passes: Passes of the language model that answered a question with its image.
    """
    given = _grouped(answers, lambda answer: answer.suite)
    found = {"suites": {suite.name: _suite(suite, given[suite.name]) for suite in suites if suite.name in given}}
    return found if passes == 1 else {**found, "passes": passes}


def _suite(suite: Suite, answers: list[Answer]) -> dict[str, Any]:
    splits = _grouped(answers, lambda answer: answer.split)
    return {
        "title": suite.title,
        "version": suite.version,
        "headline": suite.headline.model_dump(mode="json"),
        "splits": {split: _split(suite, members) for split, members in splits.items()},
        "ties": sum(values.count(max(values)) > 1 for answer in answers if (values := answer.log_likelihoods)),
    }


def _split(suite: Suite, asked: list[Answer]) -> dict[str, Any]:
    answers = items(asked, suite.metric)
    weighed = suite.headline.mean
    wanted = suite.headline.categories
    headline = [answer for answer in answers if not wanted or answer.category in wanted]
    categories = _grouped(answers, lambda answer: answer.category)
    families = _grouped(answers, lambda answer: answer.family)
    sized = _grouped([one for one in answers if one.size_bucket in BUCKETS], lambda answer: answer.family)
    beside = suite.headline.beside
    views = _grouped([one for one in asked if not wanted or one.category in wanted], lambda answer: answer.view)
    return {
        "mean": score(headline, weighed),
        **({"beside": score(headline, beside.mean)} if beside else {}),
        "categories": _corrected({name: score(categories[name], weighed) for name in suite.in_order(list(categories))}),
        "families": {
            name: {"category": members[0].category, **score(members, weighed)} for name, members in families.items()
        },
        "sizes": {name: _sizes(members, weighed) for name, members in sized.items()},
        "checks": {view: checks(views[view]) for view in _in_order(views)},
    }


def _in_order(views: Iterable[str]) -> list[str]:
    """Views in their order, those of every evaluation first."""
    found = set(views)
    return [*(view for view in ALL_VIEWS if view in found), *sorted(found.difference(ALL_VIEWS))]


def _corrected(categories: dict[str, Any]) -> dict[str, Any]:
    """Adds to each p-value of the categories what Holm's correction makes of it among them."""
    for pair in next(iter(categories.values()))["differences"]:
        differences = [cell["differences"][pair] for cell in categories.values()]
        for tests in (differences, [one["mcnemar"] for one in differences]):
            for one, adjusted in zip(tests, holm([one["p_value"] for one in tests]), strict=True):
                one["holm"] = adjusted
    return categories


def score(answers: Sequence[Answer], weighed: Weighed = "families") -> dict[str, Any]:
    """Accuracy of some questions in each view and the paired differences between views.

    An estimate over a single image has no interval: its `low` and `high` are None.

    Args:
        answers: One answer a question and view.
        weighed: What weighs the same in the means.
    """
    found = _grouped(answers, lambda answer: answer.view)
    views = {view: sorted(found[view], key=lambda one: one.question_id) for view in _in_order(found)}
    shown = next(iter(views.values()))
    images = [one.image_id for one in shown]
    values = {view: np.array([one.score for one in members]) for view, members in views.items()}
    right = {view: np.array([one.correct for one in members]) for view, members in views.items()}
    part = _WEIGHED_BY.get(weighed, "")
    parts = _grouped(shown, lambda one: str(getattr(one, part))) if part else {}
    groups = [str(getattr(one, part)) for one in shown] if len(parts) > 1 else None
    chances = [[one.chance for one in members] for members in (parts.values() if groups else [shown])]
    return {
        "questions": len(shown),
        "images": len(set(images)),
        "families": sorted({one.family for one in shown}),
        "chance": float(np.mean([np.mean(some) for some in chances])),
        "views": {view: dataclasses.asdict(_mean(hits, images, groups)) for view, hits in values.items()},
        "differences": {
            f"{first}_minus_{second}": {
                **dataclasses.asdict(paired_difference(values[first], values[second], images, groups)),
                "p_value": clustered_p_value(values[first], values[second], images, groups),
                "power": dataclasses.asdict(power(values[first], values[second], images, groups)),
                "mcnemar": dataclasses.asdict(mcnemar(right[first], right[second])),
            }
            for first, second in (*DIFFERENCES, *BLANK_DIFFERENCES)
            if first in views and second in views
        },
    }


def _mean(values: NDArray[np.float64], images: Sequence[str], groups: Sequence[str] | None) -> Estimate:
    """A mean of scores; where all are right or wrong and weigh the same, with Wilson's interval."""
    whole = bool(np.isin(values, (0.0, 1.0)).all())
    return accuracy(values, images) if groups is None and whole else clustered_mean(values, images, groups)


def _sizes(answers: Iterable[Answer], weighed: Weighed) -> dict[str, Any]:
    groups = _grouped(answers, lambda answer: answer.size_bucket)
    return {name: score(groups[name], weighed) for name in BUCKETS if name in groups}


def _grouped(answers: Iterable[Answer], key: Callable[[Answer], str]) -> dict[str, list[Answer]]:
    """Answers by a key, in the sorted order of its values."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer)
    return dict(sorted(groups.items()))
