"""MeDSLIP: pairing is learned with its loss and not without, rows by themselves, and what is refused."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation
from inkling.components.artifacts.conversations import Turn

WORDS, COLOURS = ("circle", "star"), ("red", "blue")


@pytest.fixture
def paired(lesson: Lesson) -> Lesson:
    """Images of a circle and a star in two cells of four, one red and one blue; all that differs is which is which.

    Channels 0 and 1 show the word, 2 and 3 the colour.
    """
    images, grid = [f"image{row}" for row in range(24)], np.zeros((24, 4, 8), np.float32)
    grid += np.random.default_rng(0).normal(0, 0.1, grid.shape)
    shown, turns = {}, {}
    for row, image in enumerate(images):
        things = []
        for word in range(2):
            colour, cell = (word + row) % 2, (row // 2 + 2 * word) % 4
            grid[row, cell, word] += 2
            grid[row, cell, 2 + colour] += 2
            things.append(AnnotatedObject("shape", WORDS[word], COLOURS[colour], "", (0, 0, 1, 1), 0.1))
        shown[image] = ImageAnnotation(image, 8, 8, tuple(things))
        turns[image] = [Turn(image, image, "instruct", "General", "any", "other", "What is it?", "it")]
    return dataclasses.replace(lesson, images=images, features={"grid": grid}, turns=turns, shown=lambda: shown)


def vectors(medslip, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The vectors of both streams' concepts, of words and of colours."""
    table = medslip.model.language.get_input_embeddings().weight
    names = [table[medslip.fields.shared[name].clamp_min(0)].mean(1) for name in ("word_names", "colour_names")]
    return medslip.head(medslip.model.connector.contents(grid), *names)


def test_which_word_has_which_colour_is_read_off_the_annotations(paired: Lesson) -> None:
    fields = OBJECTIVES.read("medslip").build().fields(paired)
    assert fields.images["pairs"][0].tolist() == [[0, 1], [1, 0]]  # blue before red: the circle is red, the star blue
    assert fields.images["pairs"][1].tolist() == [[1, 0], [0, 1]]


def pairing(ready, paired: Lesson, weight: float) -> float:
    """Part of new images whose pairing the products tell, after learning with a weight of it."""
    medslip = ready("medslip", paired, batch=24, width=16, pairing=weight, prototypes=weight)
    medslip.learn(150, 1e-2)
    words, colours = vectors(medslip, medslip.grid + 0.05 * torch.randn(24, 4, 8, generator=torch.manual_seed(5)))
    products = words @ colours.transpose(1, 2)  # (images, words, colours)
    swapped = products[:, 0, 0] + products[:, 1, 1] > products[:, 0, 1] + products[:, 1, 0]
    return float((swapped == (torch.arange(24) % 2 == 1)).float().mean())


def test_pairing_is_learned_with_its_loss_and_not_without(ready, paired: Lesson) -> None:
    assert pairing(ready, paired, 1.0) > 0.9
    assert pairing(ready, paired, 0.0) < 0.75, "both words and both colours are in every image"


def test_a_row_does_not_depend_on_its_batch(ready, paired: Lesson) -> None:
    medslip = ready("medslip", paired)
    both, alone = vectors(medslip, medslip.grid[:2]), vectors(medslip, medslip.grid[:1])
    assert all(torch.allclose(one[:1], other, atol=1e-6) for one, other in zip(both, alone, strict=True))


def test_what_it_needs_is_refused_by_name(lesson: Lesson) -> None:
    objective = OBJECTIVES.read("medslip").build()
    grey = {
        name: dataclasses.replace(one, objects=tuple(dataclasses.replace(thing, colour="") for thing in one.objects))
        for name, one in lesson.shown().items()
    }
    with pytest.raises(ValueError, match="medslip needs things with a colour, but no image's annotations have one"):
        objective.fields(dataclasses.replace(lesson, shown=lambda: grey))
    with pytest.raises(ValueError, match="medslip needs to know what lies where"):
        objective.fields(dataclasses.replace(lesson, shown=dict))
