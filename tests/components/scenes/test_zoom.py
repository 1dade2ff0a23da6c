"""A drawing covers the share of the picture that is wanted of it, and no more of it than it takes is out of sight."""

import pytest

from inkling.components.scenes.catalogue import SPLITS, Catalogue
from inkling.components.scenes.cutouts import mask
from inkling.components.scenes.scene import SIDE, SceneObject
from inkling.components.scenes.zoom import zoomed

pytestmark = pytest.mark.data


def thing(glyph: str, flipped: bool = False) -> SceneObject:
    """A drawing, not yet placed."""
    return SceneObject("x", glyph, None, 0, 0, 10, 10, 0.0, flipped)


def test_every_class_of_every_split_has_a_drawing_that_covers_most_of_a_picture(things: Catalogue) -> None:
    for split in SPLITS:
        for word, identities in things.drawings[split].items():
            assert any(zoomed(thing(glyph), 0.65) for identity in identities for glyph in identity), (split, word)


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("share", [0.4, 0.65, 0.85])
def test_it_covers_what_is_wanted(share: float, flipped: bool, things: Catalogue) -> None:
    for identities in list(things.drawings["test"].values())[:6]:
        larger = zoomed(thing(identities[0][0], flipped), share)
        if larger:
            covered = mask(larger).mean()
            assert covered > share - 0.02
            assert max(larger.width, larger.height) <= 4.1 * SIDE
            if covered > share + 0.1:  # the whole drawing covers as much
                assert max(larger.width, larger.height) <= 1.1 * SIDE


def test_more_is_wanted_than_any_drawing_covers(things: Catalogue) -> None:
    assert zoomed(thing(things.drawings["train"]["pen"][0][0]), 1.01) is None
