"""What counts as one where a suite's metric looks at several questions together."""

import dataclasses
from collections.abc import Sequence

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.metric import Metric


def items(answers: Sequence[Answer], metric: Metric) -> list[Answer]:
    """The answers that count: those of a group as one answer, the others as they are.

    The answer of a group takes its place, category and image from the group's first question, and its name from the
    group; it is right where the metric gives it 1, and its chance is what the metric makes of those of the questions.

    Args:
        answers: Answers to the questions of one suite.
        metric: The suite's.

    Raises:
        ValueError: If a group has not as many questions as the metric needs.
    """
    if not metric.grouped:
        return list(answers)
    members: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        members.setdefault((answer.view, answer.group or answer.question_id), []).append(answer)
    return [_item(name, found, metric) if found[0].group else found[0] for (_, name), found in members.items()]


def _item(name: str, members: Sequence[Answer], metric: Metric) -> Answer:
    score = metric.item([one.score for one in members])
    chance = metric.item([one.chance for one in members])
    return dataclasses.replace(members[0], question_id=name, score=score, correct=score == 1, chance=chance)
