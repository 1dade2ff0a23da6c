"""Whether a model says one word to every question that has the same two choices, such as yes and no."""

from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.models.sequence.views import VIEWS


def first_choice(questions: Sequence[Question], models: Mapping[str, Sequence[Answer]]) -> dict[str, Any]:
    """How often the first of the two choices is right and how often each model says it, by family.

    Args:
        questions: Questions of one split.
        models: For each model, its answers to them.

    Returns:
        For each family whose questions all have the same two choices: the `choice`, the share for which it is `right`,
        and for each model the share in each view.
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


def _shares(answers: Sequence[Answer], places: Mapping[str, int]) -> dict[str, float]:
    chosen = [(one.view, one.choice == places[one.question_id]) for one in answers if one.question_id in places]
    return {view: sum(hit for other, hit in chosen if other == view) / len(places) for view in VIEWS}
