"""Sample questions for the report, drawn by seed: as many answered rightly as wrongly, none chosen by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.shared.statistics.calibration import option_shares
from inkling.models.sequence.views import ALL_VIEWS


def draw(answers: Sequence[Answer], number: int, seed: int) -> list[str]:
    """Draws questions, half of them answered rightly in the visual view where there are enough of each; no image twice.

    Returns:
        Ids of the questions, those answered rightly first.
    """
    visual = sorted((answer for answer in answers if answer.view == "visual"), key=lambda answer: answer.question_id)
    order = [visual[index] for index in np.random.default_rng(seed).permutation(len(visual))]
    seen: set[str] = set()
    drawn: list[Answer] = []
    for correct, wanted in ((True, number // 2), (False, number - number // 2)):
        for answer in order:
            if answer.correct == correct and answer.image_id not in seen and wanted:
                seen.add(answer.image_id)
                drawn.append(answer)
                wanted -= 1
    return [answer.question_id for answer in drawn]


def describe(question: Question, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """A question, its choices and how likely each view finds each of them (shares of their total likelihood)."""
    return {
        "question_id": question.question_id,
        "image_id": question.image_id,
        "mismatched_image_id": question.mismatched_image_id,
        "category": question.category,
        "family": question.family,
        "question": question.question,
        "choices": list(question.choices),
        "answer": question.answer,
        "views": {
            view: {
                "choice": answers[view].choice,
                "correct": answers[view].correct,
                "probabilities": option_shares(answers[view].log_likelihoods),
            }
            for view in ALL_VIEWS
            if view in answers
        },
    }
