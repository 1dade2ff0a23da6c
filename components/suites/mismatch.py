"""The wrong image of each question, drawn by seed within its suite."""

import dataclasses
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from inkling.components.artifacts.questions import Question
from inkling.models.vision.blank import blank_image

_SIDE = 64


def draw_mismatched(
    questions: Sequence[Question], images: Mapping[str, bytes], suite: str, seed: int
) -> tuple[list[Question], dict[str, bytes]]:
    """Gives each question of a suite the image of another one.

    It is an image that no question with the same answer asks about: of the same family and split if there is one, else
    of the split; where there is none, any other image of the suite. A suite with one image gets a plain grey one.

    Returns:
        The questions, and the images with the grey one where it is needed.
    """
    if len(images) == 1:
        grey = f"{suite}/grey"
        alone = [dataclasses.replace(question, mismatched_image_id=grey) for question in questions]
        return alone, {**images, grey: blank_image(_SIDE)}
    groups = _images(questions, lambda one: (one.split, one.family))
    splits = _images(questions, lambda one: (one.split,))
    answered = _images(questions, lambda one: (one.answer,))
    drawn = []
    for question in questions:
        other = set(images) - {question.image_id}
        wrong = other - answered[question.answer,]
        candidates = (
            groups[question.split, question.family] & wrong or splits[question.split,] & wrong or wrong or other
        )
        random = np.random.default_rng([seed, zlib.crc32(question.question_id.encode())])
        chosen = sorted(candidates)[int(random.integers(len(candidates)))]
        drawn.append(dataclasses.replace(question, mismatched_image_id=chosen))
    return drawn, dict(images)


def _images(
    questions: Sequence[Question], key: Callable[[Question], tuple[str, ...]]
) -> dict[tuple[str, ...], set[str]]:
    """The images asked about, by a key of the questions."""
    found: dict[tuple[str, ...], set[str]] = {}
    for question in questions:
        found.setdefault(key(question), set()).add(question.image_id)
    return found
