"""What masks say of pictures: which classes each one shows, and on which share of its pixels."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.annotations import ImageAnnotation, to_rle
from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.questions import Questions
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest
from inkling.components.shared.text import require_text
from inkling.components.suites.existence.masks import mask_of

_NAMED = 10
"""Faults that a message names, at most."""


@dataclass(frozen=True)
class AnnotatedPicture:
    """A picture and all that it shows.

    Attributes:
        name: What it is called.
        width, height: Its size in pixels.
        shares: Share of its pixels that each class in it covers, all of its objects together, by name of the class.
        read: Gives the bytes of its file.
    """

    name: str
    width: int
    height: int
    shares: Mapping[str, float]
    read: Callable[[], bytes]


@dataclass(frozen=True)
class AnnotatedPictures:
    """Pictures in which every object of some classes is annotated.

    Attributes:
        pictures: The pictures, by name.
        classes: All classes, sorted.
    """

    pictures: tuple[AnnotatedPicture, ...]
    classes: tuple[str, ...]


def refuse(path: str | Path, what: str, faults: list[str]) -> None:
    """Refuses a file by the first of its faults and their number, where it has any.

    Raises:
        ConfigError: If there are faults.
    """
    if faults:
        more = f"\nand {len(faults) - _NAMED:,} more" if len(faults) > _NAMED else ""
        raise ConfigError(f"{path}: {len(faults):,} {what} cannot be used:\n" + "\n".join(faults[:_NAMED]) + more)


def read_artifact(path: Path) -> AnnotatedPictures:
    """The drawings and shapes of rendered scenes, by the masks that the stage `scenes` keeps.

    Args:
        path: A Questions or Conversations artifact.

    Raises:
        ArtifactError: If it is no such artifact.
        ConfigError: If its pictures have no annotations.
    """
    stored = (Questions if Manifest.read(path).type == Questions.type else Conversations).open(path)
    images, annotations = stored.images(), stored.annotations()
    if not annotations:
        raise ConfigError(f"{path} has no annotations: its pictures were not rendered here")
    pictures = [
        AnnotatedPicture(name, one.width, one.height, _seen(one), lambda data=images[name]: data)  # type: ignore[misc]
        for name, one in sorted(annotations.items())
    ]
    return AnnotatedPictures(tuple(pictures), tuple(sorted({word for one in pictures for word in one.shares})))


def _seen(annotation: ImageAnnotation) -> dict[str, float]:
    masks: dict[str, NDArray[np.bool_]] = {}
    for number, thing in enumerate(annotation.objects):
        if thing.kind in ("object", "shape"):
            mask = annotation.mask(number)
            masks[thing.word] = masks[thing.word] | mask if thing.word in masks else mask
    return {word: float(mask.mean()) for word, mask in masks.items()}


def read_coco(path: Path, folder: Path) -> AnnotatedPictures:
    """Pictures with annotations as COCO's (Lin et al. 2014, arXiv 1405.0312).

    `categories` names the classes, `images` the files with their `width` and `height`, `annotations` the objects by
    `segmentation` (polygons or run lengths) or, without one, by `area` in pixels. A class without an object in a
    picture counts as absent from it, so that every object must be annotated.

    Args:
        path: The JSON file.
        folder: Where the pictures lie, by their `file_name`.

    Raises:
        ConfigError: If something in it cannot be used, named and counted.
    """
    content = _json(path)
    classes, images = _classes(path, content["categories"]), _images(path, folder, content["images"])
    objects: dict[Any, list[_Object]] = defaultdict(list)
    faults = []
    for number, one in enumerate(content["annotations"], 1):
        try:
            image, found = _object(one, classes, images)
            objects[image].append(found)
        except ValueError as error:
            identity = f" (id {one['id']})" if isinstance(one, dict) and "id" in one else ""
            faults.append(f"annotation {number}{identity}: {error}")
    refuse(path, "annotations", faults)
    pictures = [
        AnnotatedPicture(
            one["file_name"], one["width"], one["height"], _shares(objects[name], one["width"] * one["height"]),
            (folder / one["file_name"]).read_bytes,
        )
        for name, one in images.items()
    ]  # fmt: skip
    return AnnotatedPictures(tuple(sorted(pictures, key=lambda one: one.name)), tuple(sorted(classes.values())))


@dataclass(frozen=True)
class _Object:
    """An object: its class, and the run lengths of its mask or, without one, its area in pixels."""

    word: str
    runs: tuple[int, ...]
    area: float


def _object(one: Any, classes: Mapping[Any, str], images: Mapping[Any, Mapping[str, Any]]) -> tuple[Any, _Object]:
    """The image of an annotation and what lies there.

    Raises:
        ValueError: If it cannot be used.
    """
    if not isinstance(one, dict):
        raise ValueError("it is no JSON object")
    image, category = _key(one.get("image_id")), _key(one.get("category_id"))
    if image not in images:
        raise ValueError(f"there is no image with the id {one.get('image_id')!r}")
    if category not in classes:
        raise ValueError(f"there is no category with the id {one.get('category_id')!r}")
    height, width = images[image]["height"], images[image]["width"]
    if one.get("segmentation"):
        return image, _Object(classes[category], to_rle(mask_of(one["segmentation"], height, width)), 0.0)
    area = one.get("area")
    if not isinstance(area, int | float) or isinstance(area, bool):
        raise ValueError("it has neither a segmentation nor an area")
    if not 0 <= area <= height * width:
        raise ValueError(f"its area of {area} pixels is none of a picture of {height} x {width}")
    return image, _Object(classes[category], (), float(area))


def _shares(objects: Iterable[_Object], pixels: int) -> dict[str, float]:
    """The share of a picture that each class covers; pixels of two masks count once, areas without masks add up."""
    covered: dict[str, float] = defaultdict(float)
    masks: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for one in objects:
        covered[one.word] += one.area
        if one.runs:
            masks[one.word].append(one.runs)
    for word, runs in masks.items():
        flat = np.zeros(pixels, np.bool_)
        for counts in runs:
            flat |= np.repeat(np.arange(len(counts)) % 2 == 1, counts)
        covered[word] += float(flat.sum())
    return {word: min(area / pixels, 1.0) for word, area in covered.items()}


def _json(path: Path) -> dict[str, list[Any]]:
    """The file's three lists."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    for key in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise ConfigError(f"{path} has no list '{key}': expected COCO's images, annotations and categories")
    require_text(content, str(path))
    return content


def _classes(path: Path, categories: Iterable[Any]) -> dict[Any, str]:
    """The classes by their ids."""
    found: dict[Any, str] = {}
    faults = []
    for number, one in enumerate(categories, 1):
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not name.strip() or _key(one.get("id")) is None:
            faults.append(f"category {number}: it needs an id and a name")
        elif one["id"] in found or name.strip() in found.values():
            faults.append(f"category {number}: another one has its id {one['id']!r} or its name '{name}'")
        else:
            found[one["id"]] = name.strip()
    refuse(path, "categories", faults)
    return found


def _images(path: Path, folder: Path, images: Iterable[Any]) -> dict[Any, dict[str, Any]]:
    """The pictures by their ids."""
    found: dict[Any, dict[str, Any]] = {}
    names = set[str]()
    faults = []
    for number, one in enumerate(images, 1):
        if fault := _fault(one, folder):
            faults.append(f"image {number}: {fault}")
        elif one["id"] in found or one["file_name"] in names:
            faults.append(f"image {number}: another one has its id {one['id']!r} or its file '{one['file_name']}'")
        else:
            found[one["id"]] = one
            names.add(one["file_name"])
    refuse(path, "images", faults)
    return found


def _fault(image: Any, folder: Path) -> str:
    """Why a picture's record cannot be used; empty if it can."""
    if not isinstance(image, dict) or _key(image.get("id")) is None or not isinstance(image.get("file_name"), str):
        return "it needs an id and a file_name"
    if not all(type(image.get(side)) is int and image[side] > 0 for side in ("width", "height")):
        return f"{image['file_name']} needs its width and height in pixels"
    if "neg_category_ids" in image:
        return f"{image['file_name']} has neg_category_ids: annotations as LVIS's leave out objects that are there"
    place = folder / image["file_name"].replace("\0", "")
    if not place.resolve().is_relative_to(folder.resolve()):
        return f"{image['file_name']} lies outside of {folder}"
    return "" if place.is_file() else f"there is no file {place}"


def _key(identity: Any) -> Any:
    """What may name a record; None if it may not."""
    return identity if isinstance(identity, int | str) else None
