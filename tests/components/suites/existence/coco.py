"""Drawings with masks, as COCO's annotations: rectangles of several classes, by polygons and run lengths."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inkling.components.artifacts.annotations import to_rle

CLASSES = ("apple", "boat", "cat", "door", "egg", "fox", "goat", "hat")
HEIGHT, WIDTH = 30, 40
Boxes = list[tuple[int, tuple[int, int, int, int]]]
"""The class of each rectangle, and its left, top, right and bottom."""


def drawn(random: np.random.Generator) -> Boxes:
    """Rectangles of up to three classes, which may overlap."""
    found: Boxes = []
    for word in random.permutation(len(CLASSES))[: int(random.integers(1, 4))].tolist():
        for _ in range(int(random.integers(1, 3))):
            (left, right), (top, bottom) = (np.sort(random.choice(side + 1, 2, False)) for side in (WIDTH, HEIGHT))
            found.append((word, (int(left), int(top), int(right), int(bottom))))
    return found


def segmentation(box: tuple[int, int, int, int], kind: int) -> Any:
    """A rectangle as a polygon, as run lengths, or as none, which leaves its area."""
    left, top, right, bottom = box
    if kind == 0:
        return [[left, top, right, top, right, bottom, left, bottom]]
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top:bottom, left:right] = True
    runs = list(to_rle(mask))
    return {"size": [HEIGHT, WIDTH], "counts": runs if kind == 1 else packed(runs)}


def packed(runs: list[int]) -> str:
    """Run lengths as text, as cocoapi's `rleToString` packs them."""
    text = ""
    for place, run in enumerate(runs):
        number = run - runs[place - 2] if place > 2 else run
        more = True
        while more:
            bits = number & 31
            number >>= 5
            more = number != -1 if bits & 16 else number != 0
            text += chr((bits | 32 if more else bits) + 48)
    return text


def write(folder: Path, scenes: list[Boxes], **changed: Any) -> tuple[Path, Path]:
    """Writes pictures and their annotations, and returns the JSON file and the folder of the pictures."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    annotations = []
    for number, boxes in enumerate(scenes):
        buffer = io.BytesIO()
        Image.new("RGB", (WIDTH, HEIGHT), (number % 251, number // 251, 7)).save(buffer, "PNG")
        (images / f"{number:03}.png").write_bytes(buffer.getvalue())
        annotations += [
            {"id": 1000 * number + place, "image_id": number, "category_id": word, "iscrowd": 0,
             "segmentation": segmentation(box, place % 3)}
            for place, (word, box) in enumerate(boxes)
        ]  # fmt: skip
    content = {
        "images": [
            {"id": number, "file_name": f"{number:03}.png", "width": WIDTH, "height": HEIGHT}
            for number in range(len(scenes))
        ],
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in enumerate(CLASSES)],
        **changed,
    }
    (folder / "masks.json").write_text(json.dumps(content))
    return folder / "masks.json", images
