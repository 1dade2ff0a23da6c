"""COCO's annotations (Lin et al. 2014, arXiv 1405.0312): instances with boxes and masks, captions, or both.

A file is `{"images": [...], "annotations": [...], "categories": [...]}`; several files about the same pictures, such as
instances and captions, are one source. Captions become turns, one each. Instances become the picture's annotations and
two turns: whether the largest of them is there, and whether something is that is not. A crowd counts as there, and is
no thing by itself. What the file annotates nowhere in a picture is taken to be absent, which holds for COCO's own
categories and not for files that annotate a part of what is there (LVIS, Open Images).
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.scenes.loaders.contract import LoaderSpec


class CocoSpec(LoaderSpec):
    """Files with `images` and `annotations`, and a folder."""

    target: ClassVar[str] = "inkling.components.scenes.loaders.coco:CocoLoader"

    type: Literal["coco"] = "coco"
    existence: bool = Field(True, description="whether instances become turns that ask what is there")


import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inkling.components.artifacts.annotations import AnnotatedObject, to_rle
from inkling.components.scenes.loaders.contract import REQUEST, Example, Loader, Record, RecordError, Said, usable_text
from inkling.components.scenes.loaders.masks import mask_of
from inkling.components.scenes.loaders.records import read_members
from inkling.models.strict_json import to_json
from inkling.models.vision.preprocess import MAX_PIXELS

_LISTS = ("images", "annotations", "categories")


class CocoLoader(Loader):
    """Reads pictures with all that the files say about each; annotations are held as text, pictures are not."""

    def __init__(self, spec: CocoSpec) -> None:
        """Takes the settings."""
        self._spec = spec
        self._words: dict[Any, str] = {}

    def name(self, value: Any) -> str:
        """The file of the picture, by which COCO's pictures are known."""
        found = value.get("file_name") if isinstance(value, dict) else None
        return super().name({"id": found} if isinstance(found, str) else value)

    def records(self) -> Iterator[Record]:
        """Yields each picture with its annotations, in the order of the files."""
        pictures: dict[Any, Record] = {}
        annotations: dict[Any, list[bytes]] = {}
        broken: list[Record] = []
        for path in self._spec.path:
            for key, place, value in read_members(Path(path)):
                if key not in _LISTS:
                    continue
                try:
                    self._sort(key, place, value, pictures, annotations)
                except RecordError as error:
                    broken.append(Record(place, error))
        for number, record in pictures.items():
            said = [json.loads(text) for text in annotations.pop(number, [])]
            yield Record(record.place, {**record.value, "annotations": said})
        yield from broken
        for number, left in annotations.items():
            told = f"{len(left)} annotations are of the image {number!r}, which no file lists"
            yield Record(Path(self._spec.path[-1]).name, RecordError(told))

    def _sort(
        self, key: str, place: str, value: Any, pictures: dict[Any, Record], annotations: dict[Any, list[bytes]]
    ) -> None:
        """Files an element of one of the three lists."""
        of = "image_id" if key == "annotations" else "id"
        number = value.get(of) if isinstance(value, dict) else None
        if not isinstance(number, int | str):
            raise RecordError(f"it has no `{of}`")
        if key == "categories":
            self._words[number] = usable_text(value.get("name"), "the `name` of a category")
        elif key == "annotations":
            annotations.setdefault(number, []).append(_packed(value))
        elif number not in pictures:
            pictures[number] = Record(place, value)
        elif (before := pictures[number]).value.get("file_name") != value.get("file_name") or _file(place) == _file(
            before.place
        ):
            raise RecordError(f"the image id {number!r} stands twice")

    def examples(self, value: Any) -> list[Example | RecordError]:
        """What the annotations of a picture say."""
        stated = value.get("file_name") if isinstance(value, dict) else None
        if not isinstance(stated, str) or not stated.strip():
            raise RecordError("it has no `file_name`")
        annotations = value.get("annotations")
        if not isinstance(annotations, list) or not all(isinstance(one, dict) for one in annotations):
            raise RecordError("its annotations are no list of objects")
        captions = [usable_text(one["caption"], "a caption") for one in annotations if "caption" in one]
        instances = [one for one in annotations if "caption" not in one]
        size = _size(value) if instances else None
        words = [self._word(one) for one in instances]
        objects = tuple(
            _object(one, word, *size)
            for one, word in zip(instances, words, strict=True)
            if size and not one.get("iscrowd")
        )
        said = [self._said("caption", REQUEST, caption, "caption") for caption in captions]
        if self._spec.existence:
            said += self._existence(stated, objects, set(words))
        if not said:
            raise RecordError("no annotation says anything about it")
        return [Example(self.name(value), stated, tuple(said), objects, size)]

    def _word(self, annotation: dict[str, Any]) -> str:
        number = annotation.get("category_id")
        if not isinstance(number, int | str) or number not in self._words:
            raise RecordError(f"an annotation is of the category {number!r}, which no file names")
        return self._words[number]

    def _existence(self, name: str, objects: tuple[AnnotatedObject, ...], there: set[str]) -> list[Said]:
        """Whether the largest thing is there, and whether one that is not, drawn by the picture's name."""
        if not objects:
            return []
        largest = max(objects, key=lambda one: one.area).word
        absent = sorted(set(self._words.values()) - there)
        pairs = [(largest, "yes")]
        if absent:
            pairs.append((absent[zlib.crc32(name.encode()) % len(absent)], "no"))
        return [
            self._said("instruct", f"Is there {_article(word)} in the picture?", told, "existence")
            for word, told in pairs
        ]

    def _said(self, kind: Literal["caption", "instruct"], question: str, answer: str, family: str) -> Said:
        return Said(question, answer, kind, self._spec.category, family, self._spec.tag)


def _file(place: str) -> str:
    return place.partition(",")[0]


def _packed(value: dict[str, Any]) -> bytes:
    """What is read of an annotation, as JSON text, which takes a tenth of the memory."""
    read = ("caption", "category_id", "bbox", "segmentation", "iscrowd")
    try:
        return to_json({key: value[key] for key in read if key in value}, separators=(",", ":")).encode()
    except ValueError as error:
        raise RecordError(str(error)) from None


def _size(value: dict[str, Any]) -> tuple[int, int]:
    """Width and height of a picture, as its record states them."""
    width, height = value.get("width"), value.get("height")
    if type(width) is not int or type(height) is not int or min(width, height) < 1 or width * height > MAX_PIXELS:
        raise RecordError("its `width` and `height` are no pixels of a picture")
    return width, height


def _object(annotation: dict[str, Any], word: str, width: int, height: int) -> AnnotatedObject:
    """A thing with its box and, where there is one, its mask; without, its area is that of the box."""
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(type(one) in (int, float) for one in box):
        raise RecordError(f"the `bbox` of a {word} is no left, top, width and height")
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(box[0] + box[2], width), min(box[1] + box[3], height)
    if right < left or bottom < top:
        raise RecordError(f"the `bbox` of a {word} lies outside of its picture")
    inside = (left, top, right - left, bottom - top)
    counts: tuple[int, ...] = ()
    area = inside[2] * inside[3] / (width * height)
    if (segmentation := annotation.get("segmentation")) not in (None, []):
        mask = mask_of(segmentation, height, width)
        area, counts = float(mask.mean()), to_rle(mask)
    return AnnotatedObject(kind="object", word=word, colour="", text="", box=inside, area=area, counts=counts)


def _article(word: str) -> str:
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
