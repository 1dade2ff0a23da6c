"""Symmetrical visual contrast after S-VCO: an answer is to depend on the very detail in which two pictures differ.

Wu et al., 2025, arXiv 2502.13928 (their `trainer.py` was read). Of two pictures that differ in a detail, and the two
answers to one question about them, each answer is to become more likely with its picture than without any, and more
likely without any than with the other picture; each is -log sigmoid of beta times the change since the phase began, and
the four are summed. Log-probabilities are summed over an answer's tokens. The pairs are twins of rendered scenes, exact
where theirs are edited photographs. Ours: a batch holds single pictures, each with its half of the sum.

System: S-VCO
Paper: arXiv 2502.13928
Not reproduced: its data MVC, edited photographs filtered by how hard they are to tell apart; 22 % fewer hallucinations.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class SvcoSpec(ObjectiveSpec):
    """Answers that depend on the detail in which twins differ."""

    type: Literal["svco"] = "svco"
    target: ClassVar[str] = "inkling.components.adapt.objectives.svco:Svco"
    divisible: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"twins", "twins_before"})
    needs_twins: ClassVar[bool] = True

    beta: float = Field(0.1, gt=0, description="how soon a change since the phase began suffices")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """With the image, with the twin and blind; once before, the same without a backward pass."""
        own = Pass("question", 2), Pass("question", image=False)
        before = Pass("question", 2, learns=False, once=True), Pass("question", image=False, learns=False, once=True)
        return own + before


from collections.abc import Sequence

import torch
from torch import Tensor

from inkling.components.adapt.batches import Fields, features, image_mean
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective
from inkling.components.adapt.preference import (
    PackedQuestion,
    batches_of,
    chosen_rows,
    log_likelihoods,
    log_sigmoid_loss,
    question_of,
    views_of,
)
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.training.batches import Batch


class Svco(Objective):
    """The mean over the pictures of a batch that have a twin; times two, so that it is the sum over a pair."""

    reaches_language: ClassVar[bool] = True

    def __init__(self, spec: SvcoSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """`twins`: place of each image among the questions that twins answer differently (images,), -1 without.

        Raises:
            ValueError: If no image has a twin of which a question has another answer.
        """
        self._lesson = lesson
        self._questions = twin_questions(lesson, "svco")
        pair = torch.full((len(lesson.images),), -1)
        pair[[one.row for one in self._questions]] = torch.arange(len(self._questions))
        return Fields(images={"twins": pair}, counts={"twins": (pair >= 0).long()})

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """`twins_before`: what `log_ratios` gives of the model as the phase finds it (images, 2)."""
        before = torch.zeros(len(lesson.images), 2)
        model.eval()
        with torch.no_grad():
            for several in batches_of(self._questions, "answering about twins"):
                rows = [one.row for one in several]
                shown = views_of(lesson, rows, model.language.device)
                before[rows] = self._log_ratios(model, shown, several).float().cpu()
        return Fields(images={"twins_before": before})

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean sum over a pair in nats; zero for a batch without images or twins."""
        views = features(batch)
        if views is None:
            return torch.zeros(())
        rows, held = chosen_rows(batch["twins"] >= 0)
        questions = [self._questions[place] for place in batch["twins"][rows].clamp_min(0).tolist()]
        found = self._log_ratios(model, {name: view[rows] for name, view in views.items()}, questions)
        costs = log_sigmoid_loss(found - batch["twins_before"][rows], self._spec.beta).sum(1)  # (rows,)
        return 2 * image_mean(costs * held, batch, "twins")

    def _log_ratios(self, model: MultimodalModel, shown: ImageFeatures, questions: Sequence[PackedQuestion]) -> Tensor:
        """How much likelier an answer is with its picture than blind, and blind than with the twin (questions, 2)."""
        twins = views_of(self._lesson, [one.other for one in questions], model.language.device)
        seen, blind, mismatched = (log_likelihoods(model, one, questions)[:, 0] for one in (shown, None, twins))
        return torch.stack([seen - blind, blind - mismatched], dim=1)


def twin_questions(lesson: Lesson, reader: str) -> list[PackedQuestion]:
    """For each image the first of its questions to which its twin has another answer; the twin's answer comes second.

    Raises:
        ValueError: If there is none.
    """
    places = {image: row for row, image in enumerate(lesson.images)}
    found = []
    for image, shown in lesson.annotations(reader).items():
        if image in places and shown.twin in places:
            answers = {turn.question: turn.answer for turn in lesson.turns.get(shown.twin, ())}
            for turn in lesson.turns.get(image, ()):
                if turn.kind == "instruct" and answers.get(turn.question, turn.answer) != turn.answer:
                    both = [turn.answer, answers[turn.question]]
                    found.append(question_of(lesson, places[image], turn.question, both, places[shown.twin]))
                    break
    if not found:
        raise ValueError(
            f"{reader} needs twins, pictures that differ in one thing with a question that has another answer, but no "
            "image has one: raise scenes.twins"
        )
    return found
