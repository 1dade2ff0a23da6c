"""Passes of the language model that a phase makes: over the turns, and over what its objectives read beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inkling.models.spec import ObjectiveSpec

_FORWARD = 1 / 3  # of a pass with its backward pass


@dataclass(frozen=True)
class TextLengths:
    """Tokens of what is said about an image.

    Attributes:
        turns: All turns of a phase.
        question: An instruction with its answer.
        caption: A caption.
    """

    turns: float
    question: float
    caption: float


def trained_tokens(
    objectives: Iterable[ObjectiveSpec], lengths: TextLengths, image: float, epochs: float, blind: float
) -> float:
    """Tokens that a phase costs for an image, in those of passes with a backward pass; one without is a third.

    Args:
        objectives: What the phase is trained for.
        lengths: What is said about the image.
        image: Positions that the image takes.
        epochs: Passes over the images.
        blind: Part of the batches without images, in which only the text is read that there is.
    """
    total = 0.0
    for objective in objectives:
        for one in objective.passes:
            shown = 1.0 if one.once else 1 - blind
            text = getattr(lengths, one.reads) * (1.0 if objective.reads_text else shown)
            tokens = one.times * (text + (shown * image if one.image else 0))
            total += tokens * (1 if one.learns else _FORWARD) * (1 if one.once else epochs)
    return total


def held_tokens(objectives: Sequence[ObjectiveSpec], lengths: TextLengths, image: float) -> float:
    """Tokens of an image that a step holds at once for its backward pass."""
    return sum(
        one.times * (getattr(lengths, one.reads) + (image if one.image else 0))
        for objective in objectives
        for one in objective.passes
        if one.learns and not one.once
    )
