"""Scenes are planned evenly, and each depends on its own number alone."""

from collections import Counter
from itertools import islice

import pytest

from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.layouts import targets
from inkling.components.scenes.plan import (
    TRAIN_SHARES,
    SceneJob,
    question_jobs,
    training_jobs,
    undrawn_jobs,
    with_twins,
)
from inkling.components.scenes.queries import FAMILIES

BARE = ("colour", "size", "chart")  # composed without drawings, typefaces or photographs' pixels


@pytest.mark.parametrize("count", [11, 150, 1001])
def test_training_scenes_follow_the_shares(count: int, things: Catalogue) -> None:
    found = Counter(job.family for job in training_jobs(things, 0, count))
    assert found.total() == count
    assert all(abs(found[family] - share * count) <= 1 for family, share in TRAIN_SHARES.items())
    assert sum(TRAIN_SHARES.values()) == pytest.approx(1)


def test_a_family_of_three_times_the_weight_has_three_times_the_scenes(things: Catalogue) -> None:
    config = ScenesConfig(train=1620, weights={"size": 3, "chart": 3, "relation": 3})
    found = Counter(job.family for job in training_jobs(things, 0, config.train, config.weights))
    assert found.total() == 1620, "the shares sum to 1.62"
    for family, share in TRAIN_SHARES.items():
        assert abs(found[family] - 1000 * share * (3 if family in config.weights else 1)) <= 1
    undrawn = list(islice(undrawn_jobs(things, 0, 1620, config.weights), 1000))
    assert Counter(job.family for job in undrawn)["size"] == round(1000 * 0.27 / 1.62)
    assert training_jobs(things, 0, 150, {"size": 1.0}) == training_jobs(things, 0, 150)


def test_twins_are_as_many_as_the_settings_say(things: Catalogue) -> None:
    for share in (0.0, 0.5, 1.0):
        jobs = with_twins(training_jobs(things, 0, 2000), share)
        assert len(jobs) == pytest.approx(ScenesConfig(train=2000, twins=share).taught, rel=0.03)


def test_every_family_has_equally_many_questions(things: Catalogue) -> None:
    jobs = question_jobs(things, 0, "test", 24)
    assert Counter(job.family for job in jobs) == dict.fromkeys(FAMILIES, 24)
    for family in FAMILIES:
        found = Counter(job.target for job in jobs if job.family == family)
        if family == "existence":
            assert set(Counter(target.split(":")[0] for target in found.elements()).values()) == {8}
            assert set(Counter(target.split(":")[1] for target in found.elements()).values()) == {8}
            continue
        assert max(found.values()) - min(found[target] for target in targets(things, family)) <= 1


def test_names_are_unique_and_seeds_matter(things: Catalogue) -> None:
    jobs = [
        *training_jobs(things, 0, 40),
        *question_jobs(things, 0, "test", 4),
        *question_jobs(things, 0, "validation", 4),
    ]
    assert len({job.image_id for job in jobs}) == len(jobs)
    assert training_jobs(things, 0, 40) == training_jobs(things, 0, 40)
    other = training_jobs(things, 1, 40)
    assert [job.family for job in training_jobs(things, 0, 40)] != [job.family for job in other]


@pytest.mark.parametrize("family", BARE)
def test_a_scene_depends_on_its_job_alone(family: str, things: Catalogue) -> None:
    target = targets(things, family)[0]
    scenes = {index: SceneJob(3, "train", index, family, target).compose(things) for index in (1, 2)}
    assert SceneJob(3, "train", 1, family, target).compose(things) == scenes[1]
    assert scenes[1] != scenes[2]
    assert SceneJob(3, "test", 1, family, target).compose(things) != scenes[1]


@pytest.mark.parametrize("family", BARE)
@pytest.mark.parametrize("index", range(8))
def test_items_lie_apart_and_within_the_picture(family: str, index: int, things: Catalogue) -> None:
    scene, _ = SceneJob(0, "train", index, family, targets(things, family)[index % 2]).compose(things)
    boxes = [(item.left, item.top, item.left + item.width, item.top + item.height) for item in scene.items]
    assert all(left >= 0 and top >= 0 and right <= 224 and bottom <= 224 for left, top, right, bottom in boxes)
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
