"""Shares of pixels out of annotations; what cannot be used is refused by name and counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkling.components.shared.config import ConfigError
from inkling.components.suites.existence.annotated import read_coco
from inkling.tests.components.suites.existence.coco import CLASSES, HEIGHT, WIDTH, drawn, write


def test_shares_are_those_of_the_masks(tmp_path: Path) -> None:
    scenes = [drawn(np.random.default_rng(number)) for number in range(60)]
    shown = read_coco(*write(tmp_path, scenes))
    assert shown.classes == CLASSES
    for boxes, picture in zip(scenes, shown.pictures, strict=True):
        masks: dict[str, Any] = {}
        for word, (left, top, right, bottom) in boxes:
            mask = masks.setdefault(CLASSES[word], np.zeros((HEIGHT, WIDTH), np.bool_))
            mask[top:bottom, left:right] = True
        assert picture.shares == {word: pytest.approx(mask.mean()) for word, mask in masks.items()}


def test_areas_stand_in_for_masks(tmp_path: Path) -> None:
    objects = [
        {"image_id": 0, "category_id": 0, "area": 300.0},
        {"image_id": 0, "category_id": 0, "area": 60, "segmentation": []},
        {"image_id": 0, "category_id": 1, "area": HEIGHT * WIDTH},
    ]
    (picture,) = read_coco(*write(tmp_path, [[]], annotations=objects)).pictures
    assert picture.shares == {"apple": 0.3, "boat": 1.0}


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ([{"image_id": 9, "category_id": 0, "area": 1}], r"annotation 1: there is no image with the id 9"),
        ([{"image_id": [0], "category_id": 0, "area": 1}], r"no image with the id \[0\]"),
        (
            [{"id": 5, "image_id": 0, "category_id": 99, "area": 1}],
            r"annotation 1 \(id 5\): there is no category .* 99",
        ),
        ([{"image_id": 0, "category_id": 0, "bbox": [0, 0, 1, 1]}], "neither a segmentation nor an area"),
        ([{"image_id": 0, "category_id": 0, "area": 1201}], "1201 pixels is none of a picture of 30 x 40"),
        ([{"image_id": 0, "category_id": 0, "segmentation": [[1, 2]]}], "a polygon has 2 numbers"),
        ([7, 8], r"2 annotations cannot be used:\nannotation 1: it is no JSON object"),
        ([7] * 13, "13 annotations .*\nand 3 more"),
    ],
)
def test_broken_annotations_are_named_and_counted(annotations: list[Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"(?s)masks.json: .*{words}"):
        read_coco(*write(tmp_path, [[]], annotations=annotations))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"file_name": "gone.png"}, "image 1: there is no file .*gone.png"),
        ({"file_name": "../masks.json"}, "lies outside of"),
        ({"file_name": "a\0.png"}, "there is no file"),
        ({"file_name": None}, "needs an id and a file_name"),
        ({"width": 0}, "needs its width and height"),
        ({"neg_category_ids": [1]}, "annotations as LVIS's"),
    ],
)
def test_broken_images_are_named(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    image = {"id": 0, "file_name": "000.png", "width": WIDTH, "height": HEIGHT, **changed}
    with pytest.raises(ConfigError, match=f"(?s)1 images cannot be used.*{words}"):
        read_coco(*write(tmp_path, [[]], images=[image]))


def test_what_comes_twice_is_refused(tmp_path: Path) -> None:
    image = {"id": 0, "file_name": "000.png", "width": WIDTH, "height": HEIGHT}
    with pytest.raises(ConfigError, match="image 2: another one has its id 0"):
        read_coco(*write(tmp_path, [[]], images=[image, image]))
    categories = [{"id": 0, "name": "cat"}, {"id": 1, "name": "cat "}, {"id": 2}]
    with pytest.raises(ConfigError, match="2 categories .*\ncategory 2: another one .* 'cat '\ncategory 3: it needs"):
        read_coco(*write(tmp_path, [[]], categories=categories))


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"images": [], "annotations": []}', "[" * 100_000])
def test_what_is_no_such_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "masks.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"masks.json (cannot be read|has no list)"):
        read_coco(path, tmp_path)
