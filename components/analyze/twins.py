"""Pairs of twins: the same question about two pictures that differ in one thing, with another answer to each."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.shared.statistics.intervals import accuracy


def twin_pairs(questions: Sequence[Question]) -> list[tuple[Question, Question]]:
    """The pairs among questions: two that share a cluster, their words and choices, and neither picture nor answer."""
    clusters: dict[tuple[str, str], list[Question]] = {}
    for one in questions:
        if one.cluster and one.choices:
            clusters.setdefault((one.cluster, one.question), []).append(one)
    return [
        (first, second)
        for first, second in (members for members in clusters.values() if len(members) == 2)
        if first.image_id != second.image_id and first.choices == second.choices and first.answer != second.answer
    ]


def paired_accuracy(
    questions: Sequence[Question], models: Mapping[str, Sequence[Answer]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """How often both questions of a pair are answered rightly, by model and view; empty where there is no pair.

    Who does not look answers both alike, and is never right of both.

    Args:
        questions: The questions of a suite.
        models: The answers to them of each model, in all views.

    Returns:
        By model and view the share with its 95 % interval over pairs; `questions` and `images` count pairs.
    """
    pairs = twin_pairs(questions)
    if not pairs:
        return {}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for model, answers in models.items():
        right = {(one.view, one.question_id): one.correct for one in answers}
        for view in dict.fromkeys(one.view for one in answers):
            both = [right[view, first.question_id] and right[view, second.question_id] for first, second in pairs]
            estimate = accuracy(both, [first.cluster for first, _ in pairs])
            found.setdefault(model, {})[view] = dataclasses.asdict(estimate)
    return found
