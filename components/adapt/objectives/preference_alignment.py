"""Preference among a model's own answers, by three methods on the same draws: DPO, rejection sampling and SteerLM.

Li et al., 2024, arXiv 2402.10884 (the scripts of findalexli/mllm-dpo were read): an instructed model answers each
question four times at temperature 0.7, a judge scores the answers, and the model is aligned to the scores. `dpo`
prefers the right answer to a drawn one that is wrong, -log sigmoid(beta [change of the right one - change of the wrong
one]), the change since the phase began in log-probability summed over tokens, as in their best setting (beta 0.1);
`rejection` learns the best draw by cross-entropy; `steer` learns every draw, its score stated behind the question, and
the right answer with the best score. Ours: the judge is the scene, so that a score is 4 or 0 and knows no style.

System: MM preference alignment
Paper: arXiv 2402.10884
Not reproduced: Gemini as the judge and its five scores; LoRA of rank 128 beside it; MT-Bench; answers steered when the
model is evaluated, for questions are asked without a score.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class PreferenceAlignmentSpec(ObjectiveSpec):
    """Which method, and how answers are drawn."""

    type: Literal["preference_alignment"] = "preference_alignment"
    target: ClassVar[str] = "inkling.components.adapt.objectives.preference_alignment:PreferenceAlignment"
    divisible: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"drawn", "drawn_before"})

    method: Literal["dpo", "rejection", "steer"] = Field("dpo", description="how the draws are learned from")
    beta: float = Field(0.1, gt=0, description="of dpo: how soon a change since the phase began suffices")
    draws: int = Field(4, ge=1, description="answers that are drawn to each question")
    temperature: float = Field(0.7, gt=0, description="at which they are drawn")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """What is learned from; once before, the question, its draws, half as long each, and DPO's reference."""
        texts = {"dpo": 1.25, "rejection": 1, "steer": 1 + self.draws}[self.method]  # dpo: with the wrong answer
        return Pass("question", texts), Pass("question", 2.25 + self.draws / 2, learns=False, once=True)


import torch
from torch import Tensor

from inkling.components.adapt import preference
from inkling.components.adapt.batches import Fields, features, image_mean
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective
from inkling.components.adapt.sampling import sampled_answers
from inkling.components.artifacts.conversations import Turn
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch

BEST, WORST = 4, 0


class PreferenceAlignment(Objective):
    """The mean over the images of a batch whose first instruction had answers to learn from."""

    reaches_language: ClassVar[bool] = True

    def __init__(self, spec: PreferenceAlignmentSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """None before the model has answered.

        Raises:
            ValueError: If no image has an instruction.
        """
        self._asked = [
            (row, next(turn for turn in turns if turn.kind == "instruct"))
            for row, turns in enumerate(lesson.turns.get(image, ()) for image in lesson.images)
            if any(turn.kind == "instruct" for turn in turns)
        ]
        if not self._asked:
            raise ValueError("preference_alignment needs instructions, but no image has one")
        return Fields()

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """`drawn`: place of each image among the questions learned from, -1 without; `drawn_before`: DPO's reference.

        Both have a row for each image; the reference is how much likelier the right answer was than the wrong one.
        """
        model.eval()
        draws = sampled_answers(model, lesson, self._asked, self._spec.draws, self._spec.temperature)
        self._questions = []
        for (row, turn), answers in zip(self._asked, draws, strict=True):
            if learned := _METHODS[self._spec.method](turn, answers):
                texts = [preference.question_of(lesson, row, question, said) for question, said in learned]
                self._questions.append(texts)
        drawn, before = torch.full((len(lesson.images),), -1), torch.zeros(len(lesson.images))
        drawn[[several[0].row for several in self._questions]] = torch.arange(len(self._questions))
        if self._spec.method == "dpo":
            with torch.no_grad():
                for some in preference.batches_of([several[0] for several in self._questions], "answering as before"):
                    rows = [one.row for one in some]
                    shown = preference.views_of(lesson, rows, model.language.device)
                    found = preference.log_likelihoods(model, shown, some)
                    before[rows] = (found[:, 0] - found[:, 1]).float().cpu()
        return Fields(images={"drawn": drawn, "drawn_before": before}, counts={"drawn": (drawn >= 0).long()})

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean in nats; zero for a batch without images, or where every draw is as good as the others."""
        views = features(batch)
        if views is None or not self._questions:
            return torch.zeros(())
        rows, held = preference.chosen_rows(batch["drawn"] >= 0)
        several = [self._questions[place] for place in batch["drawn"][rows].clamp_min(0).tolist()]
        owners = torch.tensor([place for place, some in enumerate(several) for _ in some], device=rows.device)
        questions = [one for some in several for one in some]
        shown = {name: view[rows][owners] for name, view in views.items()}
        found = preference.log_likelihoods(model, shown, questions)  # (questions, answers)
        if self._spec.method == "dpo":
            cost = preference.log_sigmoid_loss(found[:, 0] - found[:, 1] - batch["drawn_before"][rows], self._spec.beta)
        else:
            lengths = torch.tensor([len(one.sequence.targets) for one in questions], device=found.device)
            share = torch.bincount(owners)[owners]
            cost = torch.zeros(len(several), device=found.device).index_add(0, owners, -found[:, 0] / lengths / share)
        return image_mean(cost * held, batch, "drawn")


Learned = list[tuple[str, list[str]]]
"""Questions with the answers that are learned to each, or compared."""


def _dpo(turn: Turn, answers: list[str]) -> Learned:
    wrong = [one for one in answers if one and one != turn.answer]
    return [(turn.question, [turn.answer, wrong[0]])] if wrong else []


def _rejection(turn: Turn, answers: list[str]) -> Learned:
    return [(turn.question, [turn.answer])] if turn.answer in answers else []


def _steer(turn: Turn, answers: list[str]) -> Learned:
    said = dict.fromkeys([turn.answer, *(one for one in answers if one)])
    return [(steered(turn.question, BEST if one == turn.answer else WORST), [one]) for one in said]


def steered(question: str, score: int) -> str:
    """A question that asks for an answer of a score, as `steer` learns it."""
    return f"{question} quality: {score}"


_METHODS = {"dpo": _dpo, "rejection": _rejection, "steer": _steer}
