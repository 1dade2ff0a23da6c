"""Scores of answers: accuracy by view and differences between views, each with its interval, beside chance."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.suite import Suite
from inkling.components.shared.statistics.intervals import (
    accuracy,
    clustered_mean,
    mcnemar,
    paired_difference,
)
from inkling.models.sequence.views import DIFFERENCES, VIEWS

BUCKETS = ("small", "medium", "large")
Weighed = Literal["families", "questions", "size_buckets"]
_WEIGHED_BY = {"families": "family", "size_buckets": "size_bucket"}


def summarise(answers: Sequence[Answer], suites: Sequence[Suite]) -> dict[str, Any]:
    """The content of `summary.json`: `suites`, by name; in each the headline rule and, by split, the scores.

    The scores of a split are `mean` (the headline, over the categories that the suite's rule names), `beside` (another
    mean over the same questions, where the suite reports one), `categories`,
    `families` and object `sizes`. What weighs the same in a mean, families or questions, the rule says too.

    Args:
        answers: One answer a question and view.
        suites: What the suites of the answers are.
    """
    given = _grouped(answers, lambda answer: answer.suite)
    return {"suites": {suite.name: _suite(suite, given[suite.name]) for suite in suites if suite.name in given}}


def _suite(suite: Suite, answers: list[Answer]) -> dict[str, Any]:
    splits = _grouped(answers, lambda answer: answer.split)
    return {
        "title": suite.title,
        "version": suite.version,
        "headline": suite.headline.model_dump(mode="json"),
        "splits": {split: _split(suite, members) for split, members in splits.items()},
        "ties": sum(values.count(max(values)) > 1 for answer in answers if (values := answer.log_likelihoods)),
    }


def _split(suite: Suite, answers: list[Answer]) -> dict[str, Any]:
    weighed = suite.headline.mean
    wanted = suite.headline.categories
    headline = [answer for answer in answers if not wanted or answer.category in wanted]
    categories = _grouped(answers, lambda answer: answer.category)
    families = _grouped(answers, lambda answer: answer.family)
    sized = _grouped([one for one in answers if one.size_bucket in BUCKETS], lambda answer: answer.family)
    beside = suite.headline.beside
    return {
        "mean": score(headline, weighed),
        **({"beside": score(headline, beside.mean)} if beside else {}),
        "categories": {name: score(categories[name], weighed) for name in suite.in_order(list(categories))},
        "families": {
            name: {"category": members[0].category, **score(members, weighed)} for name, members in families.items()
        },
        "sizes": {name: _sizes(members, weighed) for name, members in sized.items()},
    }


def score(answers: Sequence[Answer], weighed: Weighed = "families") -> dict[str, Any]:
    """Accuracy of some questions in each view and the paired differences between views.

    An estimate over a single image has no interval: its `low` and `high` are None.

    Args:
        answers: One answer a question and view.
        weighed: What weighs the same in the means.
    """
    views = {
        view: sorted((one for one in answers if one.view == view), key=lambda one: one.question_id) for view in VIEWS
    }
    visual = views["visual"]
    images = [one.image_id for one in visual]
    right = {view: np.array([one.correct for one in members]) for view, members in views.items()}
    part = _WEIGHED_BY.get(weighed, "")
    parts = _grouped(visual, lambda one: str(getattr(one, part))) if part else {}
    groups = [str(getattr(one, part)) for one in visual] if len(parts) > 1 else None
    chances = [[one.chance for one in members] for members in (parts.values() if groups else [visual])]
    return {
        "questions": len(visual),
        "images": len(set(images)),
        "families": sorted({one.family for one in visual}),
        "chance": float(np.mean([np.mean(some) for some in chances])),
        "views": {
            view: dataclasses.asdict(clustered_mean(hits, images, groups) if groups else accuracy(hits, images))
            for view, hits in right.items()
        },
        "differences": {
            f"{first}_minus_{second}": {
                **dataclasses.asdict(paired_difference(right[first], right[second], images, groups)),
                "mcnemar": dataclasses.asdict(mcnemar(right[first], right[second])),
            }
            for first, second in DIFFERENCES
        },
    }


def _sizes(answers: Iterable[Answer], weighed: Weighed) -> dict[str, Any]:
    groups = _grouped(answers, lambda answer: answer.size_bucket)
    return {name: score(groups[name], weighed) for name in BUCKETS if name in groups}


def _grouped(answers: Iterable[Answer], key: Callable[[Answer], str]) -> dict[str, list[Answer]]:
    """Answers by a key, in the sorted order of its values."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer)
    return dict(sorted(groups.items()))
