"""What a scene's picture shows, to the pixel: the annotations that are kept beside it."""

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.annotations import AnnotatedObject, to_rle
from inkling.components.scenes.cutouts import mask
from inkling.components.scenes.render import bar_edges, sign_mask
from inkling.components.scenes.scene import SIDE, Bar, Scene, SceneObject, Sign

Box = tuple[float, float, float, float]


def annotate(scene: Scene) -> tuple[AnnotatedObject, ...]:
    """Everything in a picture but its background, furthest back first, with the pixels on which it is seen."""
    things: list[SceneObject | Sign | Bar] = [*scene.items, *([scene.sign] if scene.sign else []), *scene.bars]
    painted = [
        *(mask(item) for item in scene.items),
        *([np.asarray(sign_mask(scene.sign)) > 127] if scene.sign else []),
        *(_filled(edge) for edge in (bar_edges(scene.bars) if scene.bars else ())),
    ]
    covered = np.zeros((SIDE, SIDE), np.bool_)
    found = []
    for depth, (thing, pixels) in reversed(list(enumerate(zip(things, painted, strict=True)))):
        found.append(_annotated(thing, depth, pixels, pixels & ~covered))
        covered |= pixels
    return tuple(reversed(found))


def _annotated(
    thing: SceneObject | Sign | Bar, depth: int, painted: NDArray[np.bool_], seen: NDArray[np.bool_]
) -> AnnotatedObject:
    """An object by what is painted of it and what is seen, both (SIDE, SIDE)."""
    area, counts = float(seen.mean()), to_rle(seen)
    if isinstance(thing, Sign):
        left, top, width, height = thing.box
        box: Box = (left, top, width, height)
        return AnnotatedObject("sign", "sign", "", thing.text, box, area, depth=depth, counts=counts)
    if isinstance(thing, Bar):
        return AnnotatedObject(
            "bar", "bar", thing.colour, "", _box(painted), area, thing.height, depth=depth, counts=counts
        )
    left, top = max(thing.left, 0), max(thing.top, 0)
    right, bottom = min(thing.left + thing.width, SIDE), min(thing.top + thing.height, SIDE)
    return AnnotatedObject(
        "object" if thing.glyph else "shape", thing.word, thing.colour or "", "",
        (left, top, right - left, bottom - top), area, depth=depth, counts=counts,
    )  # fmt: skip


def _box(pixels: NDArray[np.bool_]) -> Box:
    rows, columns = (np.flatnonzero(pixels.any(axis)) for axis in (1, 0))
    left, top = float(columns[0]), float(rows[0])
    return left, top, float(columns[-1]) + 1 - left, float(rows[-1]) + 1 - top


def _filled(edge: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    left, top, right, bottom = edge
    pixels = np.zeros((SIDE, SIDE), np.bool_)
    pixels[top : bottom + 1, left : right + 1] = True
    return pixels
