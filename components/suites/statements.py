"""Statements about rendered scenes of which one is true, out of their annotations (after SNARE, arXiv 2308.12898)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation
from inkling.components.artifacts.questions import Question, Questions, Split
from inkling.components.artifacts.suite import SNARE
from inkling.components.shared.wording import with_article
from inkling.components.suites.mismatch import draw_mismatched

NEGATION, OWNERSHIP, RELATION = "Negation", "Attribute ownership", "Relation"
ASKED = "Which is true of the picture?"
_MOST = 400  # statements of a category in a split: those of as many pictures, the first by the seed
_SEEN = 0.005  # share of the picture's pixels from which a thing is spoken of


@dataclass(frozen=True)
class _Statement:
    """What is true of a picture and what is not."""

    true: str
    false: str


def statements(stored: Questions, seed: int) -> list[Question]:
    """Two statements about each picture that allows it, one of them true, for each category.

    Args:
        stored: The questions about rendered scenes; of them only the split of a picture is read.
        seed: Draws pictures, things, forms and the wrong pictures.

    Raises:
        ArtifactError: If an artifact is not what its manifest says.
    """
    splits = {one.image_id: one.split for one in stored.questions()}
    shown = {name: one for name, one in stored.annotations().items() if name in splits}
    found: list[Question] = []
    for number, (category, of) in enumerate(_CATEGORIES.items()):
        for split in ("validation", "test"):
            random = np.random.default_rng([seed, number, split == "test"])
            members = {name: one for name, one in shown.items() if splits[name] == split}
            made = of(members, random)
            kept = [list(made)[int(place)] for place in random.permutation(len(made))[:_MOST]]
            found += [_question(shown[name], made[name], category, splits[name], random) for name in sorted(kept)]
    images = dict.fromkeys(sorted({one.image_id for one in found}), b"")
    return draw_mismatched(found, images, SNARE, seed)[0] if found else []


def _question(
    picture: ImageAnnotation, said: _Statement, category: str, split: Split, random: np.random.Generator
) -> Question:
    choices = [said.true, said.false] if random.random() < 0.5 else [said.false, said.true]
    return Question(
        question_id=f"{SNARE}/{picture.image_id}-{category.split()[0].lower()}",
        image_id=picture.image_id,
        mismatched_image_id="",
        question=ASKED,
        choices=choices,
        answer=said.true,
        category=category,
        family=category.lower(),
        size_bucket="none",
        split=split,
        suite=SNARE,
        cluster=min(picture.image_id, picture.twin or picture.image_id),
    )


def _things(picture: ImageAnnotation) -> list[AnnotatedObject]:
    """The drawings and shapes that can be spoken of: seen, and the only ones of their word."""
    things = [one for one in picture.objects if one.kind in ("object", "shape")]
    words = [one.word for one in things]
    return [one for one in things if one.area >= _SEEN and words.count(one.word) == 1]


def _negations(shown: Mapping[str, ImageAnnotation], random: np.random.Generator) -> dict[str, _Statement]:
    """Of half of the pictures what is there, of the others what is not there but in another picture."""
    words = {
        name: sorted({thing.word for thing in one.objects if thing.kind in ("object", "shape")})
        for name, one in shown.items()
    }
    plain = [name for name in sorted(words) if words[name] and all(one.area >= _SEEN for one in shown[name].objects)]
    every = sorted(word for name in plain for word in words[name])  # as often as pictures show it
    found = {}
    for rank, place in enumerate(random.permutation(len(plain))):
        name = plain[int(place)]
        there = rank % 2 == 0
        of = words[name] if there else [word for word in every if word not in words[name]]
        if of:
            word = of[int(random.integers(len(of)))]
            yes, no = f"there is {with_article(word)} in the picture", f"there is no {word} in the picture"
            found[name] = _Statement(yes, no) if there else _Statement(no, yes)
    return found


def _ownerships(shown: Mapping[str, ImageAnnotation], random: np.random.Generator) -> dict[str, _Statement]:
    """Two shapes of two colours, and the same with the colours exchanged, where both have been seen so elsewhere."""
    known = {(one.word, one.colour) for picture in shown.values() for one in picture.objects if one.kind == "shape"}
    found = {}
    for name, picture in sorted(shown.items()):
        shapes = [one for one in _things(picture) if one.kind == "shape" and one.colour]
        pairs = [
            (one, other)
            for one in shapes
            for other in shapes
            if one.colour != other.colour and {(one.word, other.colour), (other.word, one.colour)} <= known
        ]
        if pairs:
            one, other = pairs[int(random.integers(len(pairs)))]
            found[name] = _Statement(
                f"the {one.word} is {one.colour} and the {other.word} is {other.colour}",
                f"the {one.word} is {other.colour} and the {other.word} is {one.colour}",
            )
    return found


def _relations(shown: Mapping[str, ImageAnnotation], random: np.random.Generator) -> dict[str, _Statement]:
    """Two things of which one lies wholly to one side of the other, and the same with the two exchanged."""
    found = {}
    for name, picture in sorted(shown.items()):
        things = _things(picture)
        pairs = [
            (one, other, place)
            for one in things
            for other in things
            for place in _PLACES
            if one is not other and _lies(one, other, place)
        ]
        if pairs:
            one, other, place = pairs[int(random.integers(len(pairs)))]
            found[name] = _Statement(
                f"the {one.word} is {place} the {other.word}", f"the {other.word} is {place} the {one.word}"
            )
    return found


_PLACES: Mapping[str, tuple[int, int]] = {"left of": (0, 1), "right of": (0, -1), "above": (1, 1), "below": (1, -1)}
"""The axis of each relation, and the sign of the way from the one thing to the other."""


def _lies(one: AnnotatedObject, other: AnnotatedObject, place: str) -> bool:
    """Whether the box of one lies wholly to a side of that of the other."""
    axis, sign = _PLACES[place]
    first, second = (one, other) if sign > 0 else (other, one)
    return first.box[axis] + first.box[axis + 2] <= second.box[axis]


_CATEGORIES: Mapping[str, Callable[[Mapping[str, ImageAnnotation], np.random.Generator], dict[str, _Statement]]] = {
    NEGATION: _negations,
    OWNERSHIP: _ownerships,
    RELATION: _relations,
}
