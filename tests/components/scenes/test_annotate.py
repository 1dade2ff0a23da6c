"""Annotations are exact: masks are what was painted, and every answer follows from them without the scene."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation, from_rle
from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.questions import Questions
from inkling.components.scenes.annotate import annotate
from inkling.components.scenes.build import build_scenes
from inkling.components.scenes.catalogue import Catalogue, catalogue
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.layouts import targets
from inkling.components.scenes.phrasings import held_out, taught
from inkling.components.scenes.plan import SceneJob, question_jobs
from inkling.components.scenes.queries import FAMILIES
from inkling.components.scenes.render import paint
from inkling.components.scenes.scene import Background, Bar, Scene, SceneObject
from inkling.components.shared.wording import with_article

pytestmark = pytest.mark.data
_FAINT = 12  # of 255
EVEN = 127  # where rounding decides on which side of a mask a half covered pixel lies
CONFIG = ScenesConfig(seed=11, threads=1, train=160, validation=3, test=9, twins=0.5)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conversations, Questions]:
    root: Path = tmp_path_factory.mktemp("annotations")
    return build_scenes(CONFIG, root / "conversations", root / "questions")


def subject_of(family: str, question: str) -> tuple[str, ...]:
    """The words that a question asks about, found by the phrasings of its family."""
    for said in [*taught(family), *held_out(family)]:
        pattern = re.escape(said.template).replace(r"\{0\}", "(?P<a>[a-z]+)").replace(r"\{1\}", "(?P<b>[a-z]+)")
        found = re.fullmatch(pattern.replace(r"\{a0\}", "(?P<c>[a-z ]+)"), question, re.IGNORECASE)
        if found:
            return tuple(word for _, word in sorted(found.groupdict().items()))
    raise AssertionError(f"no phrasing of family '{family}' asks {question!r}")


def answer_of(family: str, question: str, shown: ImageAnnotation, things: Catalogue) -> str:
    """The answer, worked out from the annotation of the picture alone."""
    asked = "fact-use" if family == "fact" and is_use(question) else "fact-place" if family == "fact" else family
    subject = [word.lower() for word in subject_of(asked, question)]
    objects, words = shown.objects, [one.word for one in shown.objects]
    if family == "object":
        (word,) = set(words)
        return word
    if family in ("kind", "fact"):
        (word,) = set(words)
        table = {"kind": things.kinds, "fact-use": things.uses, "fact-place": things.places}[asked]
        return next(name for name, members in table.items() if word in members)
    if family == "sign":
        return objects[0].text
    if family == "chart":
        return (max if subject[0] == "tallest" else min)(objects, key=lambda one: one.height).colour
    if family == "count":
        return ("one", "two", "three", "four")[len(objects) - 1]
    if family == "size":
        return (max if subject[0] == "biggest" else min)(objects, key=lambda one: one.area).colour
    if family == "existence":
        return "yes" if subject[0] in [with_article(word) for word in words] else "no"
    (first,) = [one for one in objects if one.word == subject[0]]
    if family == "colour":
        return first.colour
    if family == "position":
        across, down = middle(first)[0] - shown.width / 2, middle(first)[1] - shown.height / 2
        names = ("left", "right", "top", "bottom")
    else:
        (second,) = [one for one in objects if one.word == subject[1]]
        across, down = (middle(first)[axis] - middle(second)[axis] for axis in (0, 1))
        names = ("left", "right", "above", "below")
    return names[across > 0] if abs(across) > abs(down) else names[2 + (down > 0)]


def is_use(question: str) -> bool:
    """Whether a fact that is asked is a use."""
    return question in [said.template for said in [*taught("fact-use"), *held_out("fact-use")]]


def middle(one: AnnotatedObject) -> tuple[float, float]:
    """The middle of a box."""
    left, top, width, height = one.box
    return left + width / 2, top + height / 2


def test_every_question_is_answered_by_the_annotations_alone(
    built: tuple[Conversations, Questions], things: Catalogue
) -> None:
    conversations, questions = built
    pictures, seen = conversations.annotations(), set()
    for turn in conversations.turns():
        if turn.kind == "instruct":
            assert answer_of(turn.family, turn.question, pictures[turn.image_id], things) == turn.answer, turn
            seen.add(turn.family)
    pictures = questions.annotations()
    for one in questions.questions():
        asked = one.subtask.split("-")[0] if one.suite == "transfer" else one.family
        asked = "object" if asked == "appearance" else asked
        assert answer_of(asked, one.question, pictures[one.image_id], things) == one.answer, one
        seen.add(asked)
    assert seen == set(FAMILIES)


def test_a_planted_wrong_answer_is_found(built: tuple[Conversations, Questions], things: Catalogue) -> None:
    pictures = built[0].annotations()
    turn = next(turn for turn in built[0].turns() if turn.family == "colour" and turn.kind == "instruct")
    shown = pictures[turn.image_id]
    repainted = [{**vars(one), "colour": "pink"} for one in shown.objects]
    wrong = ImageAnnotation("x", shown.width, shown.height, tuple(AnnotatedObject(**one) for one in repainted))
    assert answer_of("colour", turn.question, wrong, things) == "pink" != turn.answer


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["object", "kind", "colour", "count", "position", "relation", "size", "sign"]),
    st.integers(0, 10**6),
)
def test_masks_are_what_was_painted(family: str, index: int) -> None:
    wanted = targets(catalogue(), family)
    scene, _ = SceneJob(1, "test", index, family, wanted[index % len(wanted)]).compose(catalogue())
    masks = [from_rle(one.counts, 224, 224) for one in annotate(scene)]
    hidden = shining_through(scene)
    assert np.array_equal(np.any(masks, axis=0)[hidden != EVEN], (hidden < EVEN)[hidden != EVEN])
    for number, item in enumerate(scene.items):
        others = tuple(other for other in scene.items if other is not item)
        alone = difference(paint(scene), paint(Scene(scene.layout, scene.background, others)))
        assert (alone & ~grown(masks[number])).sum() == 0
    assert not (np.sum(masks, axis=0) > 1).any()


def test_what_lies_in_front_is_seen_and_what_lies_behind_is_not(things: Catalogue) -> None:
    back = SceneObject("square", None, "red", 20, 20, 100, 100, 0.2)
    front = SceneObject("square", None, "blue", 70, 20, 100, 100, 0.2)
    scene = Scene("shapes", SceneJob(0, "test", 0, "colour", "red").compose(things)[0].background, (back, front))
    first, second = annotate(scene)
    assert (first.depth, second.depth) == (0, 1)
    assert first.area == pytest.approx(50 * 100 / 224**2) and second.area == pytest.approx(100 * 100 / 224**2)
    picture = np.asarray(paint(scene))
    assert (picture[from_rle(first.counts, 224, 224)] == things.colours["red"]).all()
    assert (picture[from_rle(second.counts, 224, 224)] == things.colours["blue"]).all()


def test_bars_are_annotated_as_they_are_drawn(things: Catalogue) -> None:
    bars = (Bar("red", 0.3), Bar("blue", 0.9), Bar("green", 0.5))
    scene = Scene("chart", SceneJob(0, "test", 0, "chart", "lowest").compose(things)[0].background, bars=bars)
    picture = np.asarray(paint(scene))
    for bar, one in zip(bars, annotate(scene), strict=True):
        assert (one.kind, one.colour, one.height) == ("bar", bar.colour, bar.height)
        filled = (picture == things.colours[bar.colour]).all(-1)
        mask = from_rle(one.counts, 224, 224)
        assert (filled & ~mask).sum() == 0 and filled.sum() > 0.85 * mask.sum()
        rows, columns = np.nonzero(mask)
        assert one.box == (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)


def test_a_share_of_the_picture_is_seen_to_the_pixel(things: Catalogue) -> None:
    for job in question_jobs(things, 3, "test", 18):
        if job.family == "existence":
            (one,) = annotate(job.compose(things)[0])
            low, high = {"small": (0, 0.3), "medium": (0.3, 0.6), "large": (0.6, 1)}[job.target.split(":")[0]]
            assert low <= one.area <= high and one.area == from_rle(one.counts, 224, 224).mean()
            left, top, width, height = one.box
            assert left >= 0 and top >= 0 and left + width <= 224 and top + height <= 224


def shining_through(scene: Scene) -> np.ndarray:
    """How much of the background each pixel of a picture shows, 0 to 255: drawn over black and over white."""
    over = [
        np.asarray(paint(replace(scene, background=Background((tint, tint), False, None, (0, 0, 1)))), np.int64)
        for tint in ((0, 0, 0), (255, 255, 255))
    ]
    shown: np.ndarray = (over[1] - over[0]).max(-1)
    return shown


def difference(one: object, other: object) -> np.ndarray:
    """The pixels on which two pictures differ by more than the faint rim that resampling leaves."""
    apart = np.abs(np.asarray(one, np.int64) - np.asarray(other, np.int64)).max(-1)
    found: np.ndarray = apart > _FAINT
    return found


def grown(mask: np.ndarray) -> np.ndarray:
    """A mask and the pixels within three of it."""
    found = mask.copy()
    for _ in range(3):
        wider = np.pad(found, 1)
        found = wider[2:, 1:-1] | wider[:-2, 1:-1] | wider[1:-1, 2:] | wider[1:-1, :-2] | found
    return found
