"""Yes-rate: whether a model says one word to every question that has the same two choices, such as yes and no."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.shared.statistics.intervals import accuracy
from inkling.models.sequence.views import ALL_VIEWS


def first_choice(questions: Sequence[Question], models: Mapping[str, Sequence[Answer]]) -> dict[str, Any]:
    """How often the first of the two choices is right and how often each model says it, by family.

    Args:
        questions: Questions of one split.
        models: For each model, its answers to them.

    Returns:
        For each family whose questions all have the same two choices: the `choice`, the share for which it is `right`,
        and for each model the share in each view, with its interval clustered by image. An answer that cannot be
        decided is neither choice.
    """
    families: dict[str, list[Question]] = {}
    for question in questions:
        families.setdefault(question.family, []).append(question)
    result = {}
    for family, members in sorted(families.items()):
        choices = sorted(members[0].choices)
        if len(choices) != 2 or any(sorted(question.choices) != choices for question in members):
            continue
        word = members[0].choices[0]
        places = {question.question_id: question.choices.index(word) for question in members}
        result[family] = {
            "choice": word,
            "right": sum(question.answer == word for question in members) / len(members),
            **{model: _shares(answers, places) for model, answers in models.items()},
        }
    return result


def _shares(answers: Sequence[Answer], places: Mapping[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for view in ALL_VIEWS:
        own = [one for one in answers if one.view == view and one.question_id in places]
        if not own:
            continue
        said = [one.choice == places[one.question_id] for one in own]
        found[view] = dataclasses.asdict(accuracy(said, [one.image_id for one in own]))
    return found
