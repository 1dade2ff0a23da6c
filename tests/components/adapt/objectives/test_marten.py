"""Marten: what a question is about, the loss of a mask, and masks that are learned from the image and not the words."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.marten import asked_about, mask_loss
from inkling.components.adapt.preference import packed_questions
from inkling.components.adapt.regions import Region
from inkling.components.adapt.states import image_states, layer_states
from inkling.components.artifacts.annotations import AnnotatedObject
from inkling.components.artifacts.conversations import Turn


def region(kind: str, word: str, colour: str = "", text: str = "") -> Region:
    return Region(AnnotatedObject(kind, word, colour, text, (0, 0, 1, 1), 0.1), torch.ones(1))


def words(found: list[Region]) -> list[str]:
    return [one.phrase for one in found]


@pytest.mark.parametrize(
    ("question", "answer", "named"),
    [
        ("What colour is the star?", "red", ["red star"]),
        ("What is left of the star?", "a cat", ["cat"]),
        ("What does the sign say?", "hello", ["hello"]),
        ("Which bar is tallest?", "blue", ["blue bar"]),
        ("Which colour?", "red", ["red star", "red circle"]),
        ("Where is the circle?", "left", ["red circle"]),
        ("What is this for?", "to ride", []),
    ],
)
def test_the_thing_that_is_named_is_what_is_asked_about(question: str, answer: str, named: list[str]) -> None:
    shown = [region("shape", "star", "red"), region("object", "cat"), region("sign", "sign", text="hello")]
    shown += [region("bar", "bar", "blue"), region("shape", "circle", "red"), region("shape", "square", "blue")]
    turn = Turn("t", "i", "instruct", "General", "any", "other", question, answer)
    assert words(asked_about(turn, shown)) == named


def test_the_loss_of_a_mask_is_cross_entropy_and_dice(noise) -> None:
    logits, shares = noise(3, 4).double(), torch.tensor([[1.0, 0, 0.25, 0], [0, 0, 0, 1], [1, 1, 1, 1]]).double()
    found = 1 / (1 + np.exp(-logits.numpy()))
    true = shares.numpy()
    entropy = -(true * np.log(found) + (1 - true) * np.log(1 - found)).mean(1)
    dice = 1 - 2 * (found * true).sum(1) / (found.sum(1) + true.sum(1))
    assert mask_loss(logits, shares).numpy() == pytest.approx(entropy + dice)
    assert torch.autograd.gradcheck(lambda one: mask_loss(one, shares), logits.requires_grad_(True))


def masks(ready, grid: torch.Tensor) -> torch.Tensor:
    """Which cells are taken to belong to what is asked about, of each image (images, image_tokens)."""
    views, questions = {"grid": grid}, ready.objective._questions
    with torch.no_grad():
        states = layer_states(ready.model, views, packed_questions(ready.model, questions, views), 1)
        ends = torch.tensor([ready.model.image_positions + len(one.sequence) - 1 for one in questions])
        return ready.head(image_states(states, ready.model), states[torch.arange(len(states)), ends]) > 0


def overlap(found: torch.Tensor, shares: torch.Tensor) -> float:
    """Mean intersection over union."""
    true = shares > 0.5
    return float(((found & true).sum(1) / (found | true).sum(1).clamp_min(1)).mean())


def test_masks_are_found_in_the_image_and_not_in_the_question(ready) -> None:
    marten = ready("marten", batch=12)
    losses, truth = marten.learn(40, 1e-2), marten.fields.images["outline"]
    assert np.mean(losses[-4:]) < 0.3 * np.mean(losses[:4])
    assert overlap(masks(marten, marten.grid), truth) > 0.9
    mean_mask = (truth.mean(0, keepdim=True) > 0.5).expand_as(truth)
    blind = masks(marten, marten.grid.mean(0, keepdim=True).expand_as(marten.grid))
    assert overlap(blind, truth) < 0.3, "words alone find no mask"
    assert overlap(mean_mask, truth) < 0.3
    assert overlap(masks(marten, marten.grid.roll(1, 0)), truth) < 0.1, "another image has another mask"


def test_what_it_needs_is_refused_by_name(ready, lesson: Lesson) -> None:
    with pytest.raises(ValueError, match="marten needs to know what lies where in each image"):
        OBJECTIVES.read("marten").build().fields(dataclasses.replace(lesson, shown=dict))
    silent = {
        image: [dataclasses.replace(turn, question="Which one?", answer="that") for turn in turns]
        for image, turns in lesson.turns.items()
    }
    with pytest.raises(ValueError, match="marten needs questions about things with a mask, but no instruction names"):
        ready("marten", dataclasses.replace(lesson, turns=silent))
