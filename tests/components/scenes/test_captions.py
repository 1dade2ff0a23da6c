"""A caption names everything that a picture shows."""

import pytest

from inkling.components.scenes.captions import caption
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.scene import Background, Bar, Scene, SceneObject, Sign

BACKGROUND = Background(((200, 180, 160), (120, 140, 200)), upright=True, photograph=None, crop=(0, 0, 1))
BARS = tuple(Bar(name, height) for name, height in (("red", 0.5), ("blue", 0.9), ("green", 0.2), ("white", 0.4)))
SIGN = Sign("hotel", True, ("font-lato", "x.ttf"), (0, 0, 0), (255, 255, 255), (10, 10, 150, 60))
STAR, DISC = (
    SceneObject(word, None, colour, 20, 90, 40, 40, 0.02) for word, colour in (("star", "red"), ("circle", "blue"))
)
LARGE = SceneObject("heart", None, "green", 120, 90, 80, 80, 0.1)
INSECT = SceneObject("insect", "x", None, 90, 90, 40, 40, 0.02)


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        (Scene("single", BACKGROUND, (INSECT,)), "an insect"),
        (Scene("single", BACKGROUND, (STAR,)), "a red star on the left"),
        (Scene("copies", BACKGROUND, (INSECT,)), "one thing: an insect"),
        (Scene("copies", BACKGROUND, (INSECT, INSECT)), "two things: an insect, an insect"),
        (Scene("pair", BACKGROUND, (STAR, LARGE)), "a red star left of a green heart"),
        (Scene("shapes", BACKGROUND, (STAR, DISC)), "a red star, a blue circle"),
        (
            Scene("sizes", BACKGROUND, (STAR, LARGE)),
            "a red star, a green heart; green is the biggest, red the smallest",
        ),
        (Scene("sign", BACKGROUND, sign=SIGN), "a sign that says hotel"),
        (
            Scene("chart", BACKGROUND, bars=BARS),
            "a chart with bars red, blue, green, white; blue is the tallest, green the lowest",
        ),
    ],
)
def test_captions(scene: Scene, said: str, things: Catalogue) -> None:
    assert caption(scene, things) == said
