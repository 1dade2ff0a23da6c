"""Scores of answers: accuracy by view and differences between views, each with its interval, beside chance."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from inkling.components.artifacts.answers import Answer
from inkling.components.shared.statistics.intervals import accuracy, clustered_mean, mcnemar, paired_difference
from inkling.models.sequence.views import DIFFERENCES, VIEWS

FOUR_CHOICES = 0.25  # chance of the questions whose families enter the headline mean
BUCKETS = ("small", "medium", "large")


def summarise(answers: Sequence[Answer]) -> dict[str, Any]:
    """The content of `summary.json`: for each split the headline mean, categories, families and object sizes.

    The headline is the mean over the families whose questions all have four choices, each family with the same weight.
    A category is the mean over its families, likewise.

    Args:
        answers: One answer a question and view.

    Raises:
        ValueError: If a split has no family of four-choice questions.
    """
    splits = _grouped(answers, lambda answer: answer.split)
    return {
        "splits": {split: _split(split, members) for split, members in splits.items()},
        "ties": sum(answer.log_likelihoods.count(max(answer.log_likelihoods)) > 1 for answer in answers),
    }


def _split(split: str, answers: list[Answer]) -> dict[str, Any]:
    families = _grouped(answers, lambda answer: answer.family)
    four = [family for family, members in families.items() if all(one.chance == FOUR_CHOICES for one in members)]
    if not four:
        raise ValueError(f"no family of the {split} split has four choices a question")
    sized = _grouped([one for one in answers if one.size_bucket in BUCKETS], lambda answer: answer.family)
    return {
        "mean": score([answer for answer in answers if answer.family in four]),
        "categories": _scores(answers, lambda answer: answer.category),
        "families": {name: {"category": members[0].category, **score(members)} for name, members in families.items()},
        "sizes": {
            name: _scores(members, lambda answer: answer.size_bucket, BUCKETS) for name, members in sized.items()
        },
    }


def score(answers: Sequence[Answer]) -> dict[str, Any]:
    """Accuracy of some questions in each view and the paired differences between views; families weigh the same."""
    views = {
        view: sorted((one for one in answers if one.view == view), key=lambda one: one.question_id) for view in VIEWS
    }
    asked = views["visual"]
    images, families = [one.image_id for one in asked], [one.family for one in asked]
    right = {view: np.array([one.correct for one in members]) for view, members in views.items()}
    chances = _grouped(asked, lambda one: one.family)
    single = len(chances) == 1
    return {
        "questions": len(asked),
        "images": len(set(images)),
        "families": list(chances),
        "chance": float(np.mean([np.mean([one.chance for one in members]) for members in chances.values()])),
        "views": {
            view: dataclasses.asdict(accuracy(hits, images) if single else clustered_mean(hits, images, families))
            for view, hits in right.items()
        },
        "differences": {
            f"{first}_minus_{second}": {
                **dataclasses.asdict(paired_difference(right[first], right[second], images, families)),
                "mcnemar": dataclasses.asdict(mcnemar(right[first], right[second])),
            }
            for first, second in DIFFERENCES
        },
    }


def _scores(answers: Iterable[Answer], key: Callable[[Answer], str], order: Sequence[str] = ()) -> dict[str, Any]:
    groups = _grouped(answers, key)
    names = [name for name in order if name in groups] or list(groups)
    return {name: score(groups[name]) for name in names}


def _grouped(answers: Iterable[Answer], key: Callable[[Answer], str]) -> dict[str, list[Answer]]:
    """Answers by a key, in the sorted order of its values."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer)
    return dict(sorted(groups.items()))
