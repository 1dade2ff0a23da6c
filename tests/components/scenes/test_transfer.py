"""What the suite `transfer` asks, no instruction and no picture of training told."""

import re
from pathlib import Path

import pytest

from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.questions import Questions
from inkling.components.artifacts.suite import SCENES, TRANSFER, load_suite
from inkling.components.scenes.build import build_scenes
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.config import ScenesConfig

pytestmark = pytest.mark.data
CONFIG = ScenesConfig(seed=7, threads=1, train=220, validation=2, test=12, text_only=0.3, twins=0.3)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conversations, Questions]:
    root: Path = tmp_path_factory.mktemp("transfer")
    return build_scenes(CONFIG, root / "conversations", root / "questions")


def test_every_family_of_the_suite_is_asked_in_both_splits(built: tuple[Conversations, Questions]) -> None:
    suite = load_suite(TRANSFER)
    for split in ("validation", "test"):
        asked = [one for one in built[1].questions(split) if one.suite == TRANSFER]  # type: ignore[arg-type]
        assert {one.family for one in asked} == {"phrasing", "composition", "fact", "twin"}
        assert suite.in_order(sorted({one.category for one in asked})) == [one.name for one in suite.categories]
        assert all(len(one.choices) == 4 for one in asked)


def test_twins_are_asked_the_same_and_answer_differently(built: tuple[Conversations, Questions]) -> None:
    shown = built[1].annotations()
    asked = {one.image_id: one for one in built[1].questions() if one.family == "twin"}
    assert len(asked) > 10
    for name, one in asked.items():
        other = asked[shown[name].twin]
        assert (one.question, one.choices, one.cluster) == (other.question, other.choices, other.cluster)
        assert one.answer != other.answer and one.mismatched_image_id == other.image_id


def test_no_phrasing_of_the_suite_is_taught(built: tuple[Conversations, Questions]) -> None:
    taught = {turn.question.split(". ")[-1] for turn in built[0].turns()}
    held_out = [one for one in built[1].questions() if one.family == "phrasing"]
    assert held_out and not {one.question for one in held_out} & taught
    canonical = {one.image_id: one for one in built[1].questions() if one.suite == SCENES}
    for one in held_out:
        same = canonical[one.image_id]
        assert (one.choices, one.answer, one.mismatched_image_id) == (
            same.choices,
            same.answer,
            same.mismatched_image_id,
        )


def test_no_composition_of_the_suite_is_drawn_in_training(
    built: tuple[Conversations, Questions], things: Catalogue
) -> None:
    pairs = {(shape, colour) for shape in things.shapes for colour in things.colours_of(shape, held_out=True)}
    shown = [one for picture in built[0].annotations().values() for one in picture.objects if one.kind == "shape"]
    assert len(shown) > 50 and not {(one.word, one.colour) for one in shown} & pairs
    said = " ".join(turn.question + " " + turn.answer for turn in built[0].turns())
    assert not [pair for pair in pairs if f"{pair[1]} {pair[0]}" in said]
    asked = [one for one in built[1].questions() if one.family == "composition"]
    for one in asked:
        shape = next(word for word in things.shapes if word in one.question)
        assert set(one.choices) == set(things.colours_of(shape, held_out=True))
        drawn = [thing for thing in built[1].annotations()[one.image_id].objects if thing.word == shape]
        assert [(thing.word, thing.colour) for thing in drawn] == [(shape, one.answer)]


def test_no_fact_of_the_suite_is_told(built: tuple[Conversations, Questions], things: Catalogue) -> None:
    pictures = built[0].annotations()
    untold = set(things.held_out_facts)
    told = [turn for turn in built[0].turns() if turn.family in ("kind", "fact") and turn.kind == "instruct"]
    assert len(told) > 20 and any(not turn.image_id for turn in told)
    for turn in told:
        if turn.image_id:
            words = {one.word for one in pictures[turn.image_id].objects}
        else:
            words = set(re.findall(r"[a-z]+", turn.question.split(". ")[0]))
        assert not words & untold, turn
    named = {turn.answer for turn in built[0].turns() if turn.family == "object" and turn.kind == "instruct"}
    assert untold <= named
    for one in built[1].questions():
        if one.family == "fact" and one.suite == TRANSFER:
            assert {thing.word for thing in built[1].annotations()[one.image_id].objects} < untold
        elif one.family in ("kind", "fact"):
            assert not {thing.word for thing in built[1].annotations()[one.image_id].objects} & untold
