"""What the table of a study needs of a run: which one it is, its right answers, its losses on held-out text."""

import numpy as np

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.run_scores import Asked, RunLabel, RunScore
from inkling.components.shared.store.manifest import ArtifactError
from inkling.models.sequence.views import VIEWS

SPLIT = "test"
FOUR_CHOICES = 0.25
"""Chance of the questions whose families enter the mean, as in the summary of `evaluate`."""


def score(recipe: str, answers: Answers, model: LanguageModel) -> RunScore:
    """Reads what a run has left; its size and its seed are those that its language model records.

    Args:
        recipe: Name of the recipe within the study.
        answers: What the run has answered.
        model: The language model of the run.

    Raises:
        ArtifactError: If it was asked no question with four choices.
    """
    rows = sorted(
        (one.question_id, one.image_id, one.family, one.category)
        for one in answers.answers("visual", SPLIT)
        if one.chance == FOUR_CHOICES
    )
    if not rows:
        raise ArtifactError(f"{answers.path} answers no {SPLIT} question with four choices")
    asked = Asked(*zip(*rows, strict=True))
    right = {view: {one.question_id: one.correct for one in answers.answers(view, SPLIT)} for view in VIEWS}
    hits = {view: np.array([right[view][question] for question in asked.questions]) for view in VIEWS}
    made = model.manifest.provenance.config
    return RunScore(RunLabel(recipe, made["preset"], made["seed"]), model.parameters(), asked, hits, model.documents())
