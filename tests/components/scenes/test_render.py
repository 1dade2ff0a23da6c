"""A scene is drawn where its description says, and covers what it says."""

import io

import numpy as np
import pytest
from PIL import Image

from inkling.components.scenes.catalogue import Catalogue, catalogue
from inkling.components.scenes.cutouts import SHAPE_COVERAGE
from inkling.components.scenes.render import render
from inkling.components.scenes.scene import SIDE, Background, Bar, Scene, SceneObject

BACKGROUND = Background(((128, 128, 128), (128, 128, 128)), upright=False, photograph=None, crop=(0, 0, 1))


def pixels(scene: Scene) -> np.ndarray:
    """The picture of a scene: (SIDE, SIDE, 3)."""
    return np.asarray(Image.open(io.BytesIO(render(scene))), float)


def near(picture: np.ndarray, colour: str) -> np.ndarray:
    """Where a picture has about a colour: (SIDE, SIDE)."""
    return np.abs(picture - np.array(catalogue().colours[colour])).max(-1) < 60


@pytest.mark.parametrize("word", list(SHAPE_COVERAGE))
def test_a_shape_lies_in_its_box_and_covers_what_is_said(word: str) -> None:
    item = SceneObject(word, None, "red", 30, 60, 90, 90, 90 * 90 * SHAPE_COVERAGE[word] / SIDE**2)
    red = near(pixels(Scene("shapes", BACKGROUND, (item,))), "red")
    rows, columns = np.nonzero(red)
    assert rows.min() == pytest.approx(60, abs=3) and rows.max() == pytest.approx(149, abs=3)
    assert columns.min() == pytest.approx(30, abs=3) and columns.max() == pytest.approx(119, abs=3)
    assert red.mean() == pytest.approx(item.area, rel=0.06)


def test_bars_have_their_order_and_heights(things: Catalogue) -> None:
    bars = tuple(Bar(name, height) for name, height in (("blue", 0.9), ("red", 0.25), ("green", 0.5), ("purple", 0.7)))
    picture = pixels(Scene("chart", BACKGROUND, bars=bars))
    found = {bar.colour: near(picture, bar.colour) for bar in bars}
    middles = [np.nonzero(found[bar.colour])[1].mean() for bar in bars]
    assert middles == sorted(middles)
    counts = sorted(bars, key=lambda bar: found[bar.colour].sum())
    assert counts == sorted(bars, key=lambda bar: bar.height)


def test_a_gradient_runs_from_tint_to_tint() -> None:
    across = pixels(Scene("single", Background(((0, 0, 0), (255, 255, 255)), False, None, (0, 0, 1))))
    down = pixels(Scene("single", Background(((0, 0, 0), (255, 255, 255)), True, None, (0, 0, 1))))
    assert across[100, 0].max() < 10 < 245 < across[100, -1].min()
    assert down[0, 100].max() < 10 < 245 < down[-1, 100].min()
    assert across.shape == (SIDE, SIDE, 3)


def test_the_same_scene_gives_the_same_bytes() -> None:
    scene = Scene("shapes", BACKGROUND, (SceneObject("star", None, "blue", 30, 60, 90, 90, 0.05),))
    assert render(scene) == render(scene)
