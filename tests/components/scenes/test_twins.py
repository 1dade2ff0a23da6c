"""Twins differ in exactly the stated change, and the question that both are asked has two answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation
from inkling.components.artifacts.conversations import Conversations
from inkling.components.scenes.build import build_conversations
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.plan import SceneJob, training_jobs, with_twins
from inkling.components.scenes.render import paint
from inkling.components.scenes.scene import Scene
from inkling.components.scenes.twins import CHANGES

pytestmark = pytest.mark.data
CONFIG = ScenesConfig(seed=13, threads=1, train=150, validation=2, test=2, twins=0.6)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Conversations:
    return build_conversations(CONFIG, tmp_path_factory.mktemp("twins") / "conversations")


def pairs(conversations: Conversations) -> list[tuple[ImageAnnotation, ImageAnnotation]]:
    """Each scene with its twin."""
    known = conversations.annotations()
    return [(known[one.twin], one) for name, one in known.items() if name.endswith("-twin")]


def differing(one: AnnotatedObject, other: AnnotatedObject) -> set[str]:
    """The fields in which two objects differ; a mask follows from the others."""
    return {name for name in ("kind", "word", "colour", "text", "box") if getattr(one, name) != getattr(other, name)}


def test_each_names_the_other(built: Conversations) -> None:
    known = built.annotations()
    assert 30 < len(pairs(built)) < 120
    assert {one.change for _, one in pairs(built)} == set(CHANGES.values())
    for first, second in pairs(built):
        assert (first.twin, second.twin) == (second.image_id, first.image_id) and first.change == second.change
    assert all(bool(one.twin) == bool(one.change) for one in known.values())


def test_they_differ_in_the_stated_change_alone(built: Conversations) -> None:
    for first, second in pairs(built):
        number = min(len(first.objects), len(second.objects))
        changed = [differing(*two) for two in zip(first.objects, second.objects, strict=False)]
        if first.change == "count":
            assert abs(len(first.objects) - len(second.objects)) == 1 and changed == [set()] * number
            continue
        assert len(first.objects) == len(second.objects)
        if first.change == "colour":
            assert sorted(changed, key=len) == [set()] * (number - 1) + [{"colour"}]
        if first.change == "class":
            assert changed[0] - {"box"} == {"word"} and number == 1
        if first.change == "position":
            assert changed == [{"box"}]
        if first.change == "relation":
            assert changed == [{"box"}] * 2


def test_the_same_question_has_two_answers(built: Conversations) -> None:
    said: dict[str, dict[str, str]] = {}
    for turn in built.turns():
        if turn.kind == "instruct":
            said.setdefault(turn.image_id, {})[turn.question] = turn.answer
    for first, second in pairs(built):
        mine, other = said[first.image_id], said[second.image_id]
        assert [question for question in mine if question in other and mine[question] != other[question]], first


def test_nothing_behind_them_changes(things: Catalogue) -> None:
    jobs = [job for job in with_twins(training_jobs(things, 4, 80), 1.0) if job.twin]
    for job in jobs[:20]:
        scene, twin = (one.compose(things)[0] for one in (replace(job, twin=False), job))
        bare = [np.asarray(paint(Scene(one.layout, one.background))) for one in (scene, twin)]
        assert np.array_equal(*bare) and scene != twin


def test_other_scenes_are_as_without_twins(built: Conversations, tmp_path: Path) -> None:
    plain = build_conversations(CONFIG.model_copy(update={"twins": 0.0}), tmp_path / "plain")
    alone = {name: data for name, data in built.images().items() if not name.endswith("-twin")}
    assert alone == plain.images()
    assert [turn for turn in built.turns() if not turn.image_id.endswith("-twin")] == plain.turns()
    assert not {"twins", "text_only"} & set(ScenesConfig().model_dump())


def test_a_scene_with_nothing_to_change_has_none() -> None:
    jobs = [SceneJob(0, "train", 0, family, "stop") for family in ("sign", "chart", "size", "existence")]
    assert with_twins(jobs, 1.0) == jobs
