"""Statements about scenes: exactly one of two is true by the masks, and words alone do not say which."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation, to_rle
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.shared.store.store import Draft, produce
from inkling.components.suites.build import build_suites
from inkling.components.suites.config import SuitesConfig
from inkling.tests.components.suites.conftest import Scenes, picture

SHAPES, COLOURS = ("circle", "square", "star", "heart"), ("red", "green", "blue")
THINGS = ("cat", "egg", "clothes")
SIDE, NUMBER = 32, 240


def drawn(number: int) -> ImageAnnotation:
    """Up to three things in different quarters, some of one word, some hardly seen, some beside a sign."""
    random = np.random.default_rng(number)
    objects = []
    for cell in random.permutation(4)[: int(random.integers(0, 4))].tolist():
        shape = random.random() < 0.7
        word = str(random.choice(SHAPES if shape else THINGS))
        # a heart is never green, so that no colour may be exchanged onto it
        colours = COLOURS if word != "heart" else COLOURS[::2]
        width, height = (int(side) for side in random.integers(1, 15, 2))
        left, top = (
            16 * (cell % 2) + int(random.integers(16 - width)),
            16 * (cell // 2) + int(random.integers(16 - height)),
        )
        mask = np.zeros((SIDE, SIDE), np.bool_)
        mask[top : top + height, left : left + width] = True
        objects.append(
            AnnotatedObject(
                "shape" if shape else "object", word, str(random.choice(colours)) if shape else "", "",
                (left, top, width, height), float(mask.mean()), counts=to_rle(mask),
            )
        )  # fmt: skip
    if number % 5 == 0:
        objects.append(AnnotatedObject("sign", "sign", "", "stop", (0, 0, 9, 9), 0.1))
    return ImageAnnotation(f"{number:03}", SIDE, SIDE, tuple(objects))


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Questions:
    def write(draft: Draft) -> None:
        rows = [
            Question(
                f"q{number}", f"{number:03}", "000", "What?", ["a", "b"], "a", "General", "object", "none",
                "validation" if number % 6 == 0 else "test",
            )
            for number in range(NUMBER)
        ]  # fmt: skip
        images = [(f"{number:03}", picture(number)) for number in range(NUMBER)]
        write_questions(draft.path, images, rows, [drawn(number) for number in range(NUMBER)])
        (draft.path / "ATTRIBUTION.md").write_text("# Attribution\n\n")

    return produce(Questions, tmp_path_factory.mktemp("rendered") / "scenes", Scenes(), {}, write)


@pytest.fixture(scope="module")
def asked(rendered: Questions, tmp_path_factory: pytest.TempPathFactory) -> list[Question]:
    config = SuitesConfig.parse({"suites": {"read": ["scenes", "snare"]}})
    made = build_suites(config, rendered.path, tmp_path_factory.mktemp("made") / "questions")
    assert made.images().keys() == rendered.images().keys()
    assert made.suites()["scenes"] == [one for one in rendered.questions() if one.suite == "scenes"]
    return made.suites()["snare"]


def masks(image: str, word: str) -> list[NDArray[np.bool_]]:
    note = drawn(int(image))
    return [note.mask(place) for place, one in enumerate(note.objects) if one.word == word]


def holds(image: str, said: str) -> bool:
    """Whether a statement is true, pixel by pixel."""
    words = said.split()
    if said.startswith("there is"):
        word = words[2] if words[2] in THINGS else words[3]
        return bool(masks(image, word)) != (words[2] == "no")
    if " and the " in said:
        colours = {(one.word, one.colour) for one in drawn(int(image)).objects}
        return {(words[1], words[3]), (words[6], words[8])} <= colours
    (first,), (second,) = masks(image, words[1]), masks(image, words[-1])
    axis = 0 if words[3] in ("left", "right") else 1
    before = first.any(axis).nonzero()[0].max() < second.any(axis).nonzero()[0].min()
    after = second.any(axis).nonzero()[0].max() < first.any(axis).nonzero()[0].min()
    return bool(before if words[3] in ("left", "above") else after)


def test_exactly_one_is_true(asked: list[Question]) -> None:
    for one in asked:
        assert [holds(one.image_id, choice) for choice in one.choices] == [
            choice == one.answer for choice in one.choices
        ]
        assert one.chance == 0.5 and one.mismatched_image_id != one.image_id
        assert (one.split == "validation") == (int(one.image_id) % 6 == 0)
    assert min(Counter(one.family for one in asked).values()) > 15


def test_words_and_places_do_not_say_which(asked: list[Question]) -> None:
    for one in asked:
        bags = [Counter(choice.split()) for choice in one.choices]
        assert (bags[0] == bags[1]) == (one.family != "negation")
    for family in ("negation", "attribute ownership", "relation"):
        rows = [one for one in asked if one.family == family]
        assert 0.25 < np.mean([one.correct for one in rows]) < 0.75
    denied = [one.answer.startswith("there is no ") for one in asked if one.family == "negation"]
    assert abs(sum(denied) - len(denied) / 2) <= 3


def test_a_colour_is_exchanged_only_where_both_are_seen_somewhere(asked: list[Question]) -> None:
    said = [choice for one in asked if one.family == "attribute ownership" for choice in one.choices]
    assert said and not any("heart is green" in one for one in said)


def test_what_is_hardly_seen_or_not_alone_is_not_spoken_of(asked: list[Question]) -> None:
    for one in (one for one in asked if one.family != "negation"):
        words = Counter(thing.word for thing in drawn(int(one.image_id)).objects)
        seen = {thing.word for thing in drawn(int(one.image_id)).objects if thing.area >= 0.005}
        spoken = {word for word in one.answer.split() if word in (*SHAPES, *THINGS)}
        assert len(spoken) == 2 and spoken <= seen and all(words[word] == 1 for word in spoken)


def test_the_same_seed_gives_the_same_statements(rendered: Questions, asked: list[Question], tmp_path: Path) -> None:
    def read(name: str, **section: int) -> list[Question]:
        config = SuitesConfig.parse({"suites": {"read": ["snare"], **section}})
        return build_suites(config, rendered.path, tmp_path / name).suites()["snare"]

    assert read("again") == asked
    assert read("other", seed=1) != asked
