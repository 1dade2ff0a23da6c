"""Mask generation after Marten: what is asked about is to be outlined from the language model's states.

Wang et al., 2025, arXiv 2503.14140 (its repository holds no code of the head). Beside the answer, a mask generator
predicts from the states at the image's positions and that of the answer's end which pixels belong to what the question
is about; it is left out when the model is used. A reconstruction of ours: the mask is a share of each image token's
cell, scored by the product of both states behind a map each, with binary cross-entropy and the Dice loss in equal
parts. Masks are the scenes' own, of what the answer names or else the question; theirs are boxes of words.

System: Marten
Paper: arXiv 2503.14140
Not reproduced: documents and their benchmarks; 6 M pairs with masks of words; masks finer than a cell.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class MartenSpec(ObjectiveSpec):
    """Binary cross-entropy and Dice loss of the mask of what is asked about."""

    type: Literal["marten"] = "marten"
    target: ClassVar[str] = "inkling.components.adapt.objectives.marten:Marten"
    divisible: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"outlined", "outline"})
    reads_states: ClassVar[bool] = True

    layer: int | None = Field(None, ge=1, description="layer whose states are read; the last one if not given")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """Its own over the question, which gives the states at image positions."""
        return (Pass("question"),)


import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.components.adapt.batches import Fields, features, image_mean
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, head_of
from inkling.components.adapt.preference import PackedQuestion, chosen_rows, packed_questions, question_of
from inkling.components.adapt.regions import Region, check_regions, regions
from inkling.components.adapt.states import image_states, layer_states, read_layer
from inkling.components.artifacts.conversations import Turn
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch

_WORD = re.compile(r"\w+")


class MaskGenerator(nn.Module):
    """Which image tokens belong to what an answer is about: the product of their states with the answer's."""

    def __init__(self, hidden_size: int) -> None:
        """Draws the two maps."""
        super().__init__()
        self.image, self.answer = (nn.Linear(hidden_size, hidden_size) for _ in range(2))
        self.shift = nn.Parameter(torch.zeros(1))

    def forward(self, image: Tensor, answer: Tensor) -> Tensor:
        """Logits (batch, image_positions), of states (batch, image_positions, hidden_size) and (batch, hidden_size)."""
        found = self.image(image) @ self.answer(answer)[:, :, None]  # (batch, image_positions, 1)
        return found[..., 0] / image.shape[-1] ** 0.5 + self.shift


class Marten(Objective):
    """The mean over the images of a batch with a question about something that has a mask."""

    reaches_language: ClassVar[bool] = True

    def __init__(self, spec: MartenSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """None before the image tokens are known.

        Raises:
            ValueError: If no image is annotated.
        """
        lesson.annotations("marten")
        return Fields()

    def head(self, model: MultimodalModel, lesson: Lesson) -> MaskGenerator:
        """The mask generator.

        Raises:
            ConfigError: If there are no states to read.
            ValueError: If no thing has a mask, or the image tokens are no square grid.
        """
        check_regions(model, lesson, "marten")
        last = int(model.language.config.num_hidden_layers)
        self._layer = read_layer(model, self._spec.layer or last, "marten")
        return MaskGenerator(model.language.config.hidden_size)

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """`outlined`: that of each image among the questions, -1 without; `outline`: shares (images, image_tokens).

        Raises:
            ValueError: If no question is about anything with a mask.
        """
        places = torch.full((len(lesson.images),), -1)
        outline = torch.zeros(len(lesson.images), model.connector.image_tokens)
        self._questions: list[PackedQuestion] = []
        for row, (image, shown) in enumerate(zip(lesson.images, regions(model, lesson, "marten"), strict=True)):
            for turn in lesson.turns.get(image, ()):
                if turn.kind == "instruct" and (about := asked_about(turn, shown)):
                    places[row], outline[row] = len(self._questions), sum(one.shares for one in about)
                    self._questions.append(question_of(lesson, row, turn.question, [turn.answer]))
                    break
        if not self._questions:
            raise ValueError("marten needs questions about things with a mask, but no instruction names one")
        return Fields(images={"outlined": places, "outline": outline}, counts={"outlined": (places >= 0).long()})

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean in nats; zero for a batch without images."""
        views, generator = features(batch), head_of(model, "marten")
        if views is None:
            return torch.zeros(())
        rows, held = chosen_rows(batch["outlined"] >= 0)
        questions = [self._questions[place] for place in batch["outlined"][rows].clamp_min(0).tolist()]
        shown = {name: view[rows] for name, view in views.items()}
        states = layer_states(model, shown, packed_questions(model, questions, shown), self._layer)
        ends = torch.tensor([model.image_positions + len(one.sequence) - 1 for one in questions])
        logits = generator(image_states(states, model), states[torch.arange(len(rows)), ends])
        return image_mean(mask_loss(logits, batch["outline"][rows]) * held, batch, "outlined")


def asked_about(turn: Turn, shown: Sequence[Region]) -> list[Region]:
    """The things that a turn names: of those that fit its answer those of its question, or all of either."""
    said, asked = ({*_WORD.findall(text.lower())} for text in (turn.answer, turn.question))
    answered = [one for one in shown if {one.thing.word, one.thing.colour, *_WORD.findall(one.thing.text)} & said]
    named = [one for one in shown if one.thing.word in asked]
    return [one for one in answered if one in named] or answered or named


def mask_loss(logits: Tensor, shares: Tensor) -> Tensor:
    """Binary cross-entropy and Dice loss of each image (batch,), of logits and shares (batch, image_tokens)."""
    found = logits.sigmoid()
    overlap = 2 * (found * shares).sum(1) / (found.sum(1) + shares.sum(1)).clamp_min(1e-6)
    return functional.binary_cross_entropy_with_logits(logits, shares, reduction="none").mean(1) + 1 - overlap
