"""COCO's instances and captions become annotations and turns; what is wrong is said by picture."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.annotations import from_rle, read_annotations
from inkling.components.artifacts.conversations import Conversations
from inkling.components.scenes.loaders.account import ACCOUNTS, LoadError
from inkling.components.shared.config import ConfigError

Load = Callable[..., Conversations]
WIDTH, HEIGHT = 32, 24
CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 2, "name": "orange"}, {"id": 90, "name": "dog"}]


def image(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "file_name": f"{number}.jpg", "width": WIDTH, "height": HEIGHT, **more}


def thing(number: int, category: int, box: list[float], **more: Any) -> dict[str, Any]:
    return {"image_id": number, "category_id": category, "bbox": box, "iscrowd": 0, **more}


def square(left: float, top: float, side: float) -> list[float]:
    return [left, top, left + side, top, left + side, top + side, left, top + side]


@pytest.fixture
def coco(load: Load, tmp_path: Path) -> Callable[..., Conversations]:
    """Loads files of COCO's layout."""

    def loaded(*files: dict[str, Any], **settings: Any) -> Conversations:
        paths = [tmp_path / f"{name}.json" for name in ("instances", "captions")[: len(files)]]
        for path, content in zip(paths, files, strict=True):
            path.write_text(json.dumps(content))
        return load(type="coco", path=[str(path) for path in paths], **settings)

    return loaded


def instances(*things: dict[str, Any], images: int = 1) -> dict[str, Any]:
    return {
        "info": {}, "annotations": list(things), "images": [image(number) for number in range(images)],
        "categories": CATEGORIES,
    }  # fmt: skip


def test_instances_and_captions_of_the_same_pictures_are_one_source(coco: Callable[..., Conversations]) -> None:
    things = [
        thing(0, 1, [2, 3, 4, 4], segmentation=[square(2, 3, 4)]),
        thing(0, 2, [10, 10, 8, 8], segmentation=[square(10, 10, 8)]),
        thing(1, 90, [0, 0, 6, 5], segmentation={"size": [HEIGHT, WIDTH], "counts": [0, 5, 19, 5, 739]}, iscrowd=0),
        thing(1, 1, [20, 10, 100, 100], segmentation={"size": [HEIGHT, WIDTH], "counts": [768]}, iscrowd=1),
    ]
    captions = {
        "images": [image(0), image(1)],
        "annotations": [{"image_id": 1, "caption": " A dog. "}, {"image_id": 0, "caption": "a cat and an orange"},
                        {"image_id": 1, "caption": "one dog in a crowd of cats"}],
    }  # fmt: skip
    made = coco(instances(*things, images=2), captions)
    said = [(turn.kind, turn.family, turn.question, turn.answer) for turn in made.turns()]
    assert said[:3] == [
        ("caption", "caption", "Describe the picture.", "a cat and an orange"),
        ("instruct", "existence", "Is there an orange in the picture?", "yes"),
        ("instruct", "existence", "Is there a dog in the picture?", "no"),
    ]
    assert [answer for *_, answer in said[3:5]] == ["A dog.", "one dog in a crowd of cats"]
    assert said[5:] == [
        ("instruct", "existence", "Is there a dog in the picture?", "yes"),
        ("instruct", "existence", "Is there an orange in the picture?", "no"),  # the crowd's cats are there
    ]
    first, second = read_annotations(made.path).values()
    assert [one.word for one in first.objects] == ["cat", "orange"]
    assert [one.area * WIDTH * HEIGHT for one in first.objects] == [16, 64]
    assert first.mask(1)[10:18, 10:18].all() and first.mask(1).sum() == 64
    assert [one.word for one in second.objects] == ["dog"]
    assert from_rle(second.objects[0].counts, HEIGHT, WIDTH)[:5, :2].all()
    assert [turn.image_id for turn in made.turns()][::3] == [first.image_id, second.image_id, second.image_id]


def test_without_a_mask_the_area_is_that_of_the_box_within_the_picture(coco: Callable[..., Conversations]) -> None:
    made = coco(instances(thing(0, 1, [-4, 12, 20, 50])), existence=True)
    (shown,) = read_annotations(made.path).values()
    assert shown.objects[0].box == (0, 12, 16, 12)
    assert shown.objects[0].area == pytest.approx(0.25) and shown.objects[0].counts == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": [0, 0, 1]}, "`bbox` of a cat is no left, top, width and height"),
        ({"bbox": [0, 0, "1", 1]}, "`bbox` of a cat is no left"),
        ({"bbox": [40, 0, 5, 5]}, "`bbox` of a cat lies outside"),
        ({"bbox": [4, 0, -5, 5]}, "`bbox` of a cat lies outside"),
        ({"category_id": 3}, "of the category 3, which no file names"),
        ({"category_id": [1]}, "of the category"),
        ({"segmentation": [[1, 2, 3]]}, "a polygon is no list of at least three pairs"),
        ({"segmentation": [square(0, 0, 1e9)]}, "a polygon lies far outside"),
        ({"segmentation": "abc"}, "a mask is no list of polygons and no run lengths of 24 x 32"),
        ({"segmentation": {"size": [9, 9], "counts": [81]}}, "no run lengths of 24 x 32"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [5]}}, "run lengths of 5 pixels"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [0.5]}}, "are no numbers"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": "\x7f\x7f"}}, "stands for no number"),
        ({"caption": ""}, "a caption is empty"),
    ],
)
def test_a_broken_annotation_is_said_with_its_picture(
    coco: Callable[..., Conversations], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"instances.json, images 1: .*{message}"):
        coco(instances({**thing(0, 1, [0, 0, 5, 5]), **change}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": [image(0, width=0)]}, "`width` and `height` are no pixels"),
        ({"images": [image(0, width=90_000, height=90_000)]}, "`width` and `height` are no pixels"),
        ({"images": [image(0, width=40)]}, "its annotations are of 40 x 24 pixels, and it shows 32 x 24"),
        ({"images": [image(0, file_name="../0.jpg")]}, "leads out of the folder"),
        ({"images": [image(0, file_name=None)]}, "it has no `file_name`"),
        ({"images": []}, r"1 annotations are of the image 0, which no file lists"),
        ({"annotations": []}, "no annotation says anything about it"),
        ({"images": 3, "annotations": 4}, "it has no `id`"),
    ],
)
def test_a_broken_picture_is_refused(coco: Callable[..., Conversations], change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        coco({**instances(thing(0, 1, [0, 0, 5, 5])), **change})


def test_an_image_id_that_stands_twice_is_skipped_and_counted(coco: Callable[..., Conversations]) -> None:
    things = [thing(number, 1, [0, 0, 5, 5]) for number in range(5)]
    stated = instances(*things, images=5)
    stated["images"] += [image(3)]
    with pytest.raises(LoadError, match=r"1 of 6 .*\n.*images 6.*: the image id 3 stands twice"):
        coco(stated)


def test_captions_alone_need_no_size(coco: Callable[..., Conversations]) -> None:
    images = [{"id": "a", "file_name": "0.jpg"}, {"id": "b", "file_name": "deep/5.png"}]
    said = [{"image_id": number, "caption": f"picture {number}"} for number in "ab"]
    made = coco({"images": images, "annotations": said})
    assert [turn.answer for turn in made.turns()] == ["picture a", "picture b"]
    assert read_annotations(made.path) == {}
    assert json.loads((made.path / ACCOUNTS).read_text())[0]["taken"] == 2


def test_existence_can_be_left_out(coco: Callable[..., Conversations]) -> None:
    stated = instances(thing(0, 1, [0, 0, 5, 5]), {"image_id": 0, "caption": "a cat"})
    assert [turn.kind for turn in coco(stated, existence=False).turns()] == ["caption"]


def test_masks_hold_every_pixel_of_the_objects_that_they_are_of(coco: Callable[..., Conversations]) -> None:
    ring = [square(0, 0, 3), square(20, 10, 4)]
    (shown,) = read_annotations(coco(instances(thing(0, 1, [0, 0, 24, 14], segmentation=ring))).path).values()
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[:3, :3] = expected[10:14, 20:24] = True
    assert np.array_equal(shown.mask(0), expected)
