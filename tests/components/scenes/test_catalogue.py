"""No drawing, look-alike, typeface or photograph is in two splits."""

from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from inkling.components.scenes import assets
from inkling.components.scenes.catalogue import SPLITS, Catalogue, _divide

ALIKE = 0.8


def glyphs(things: Catalogue, split: str) -> list[str]:
    """All glyphs of a split."""
    return [glyph for found in things.drawings[split].values() for identity in found for glyph in identity]  # type: ignore[index]


def test_no_drawing_is_in_two_splits(things: Catalogue) -> None:
    everywhere = [glyph for split in SPLITS for glyph in glyphs(things, split)]
    assert len(everywhere) == len(set(everywhere)) > 250


def test_every_class_has_drawings_in_every_split(things: Catalogue) -> None:
    for split in SPLITS:
        assert set(things.drawings[split]) == set(things.classes)
        assert all(things.drawings[split].values())


@pytest.mark.parametrize("field", ["fonts", "photographs"])
def test_no_typeface_and_no_photograph_is_in_two_splits(field: str, things: Catalogue) -> None:
    table = getattr(things, field)
    assert set(table) == set(SPLITS) and all(table.values())
    assert not [pair for pair in combinations(SPLITS, 2) if set(table[pair[0]]) & set(table[pair[1]])]


def test_the_division_does_not_depend_on_the_order_of_the_list() -> None:
    identities = [(chr(code),) for code in range(0x1F400, 0x1F420)]
    parts = _divide(identities)
    assert parts == _divide(identities[::-1])
    assert [len(parts[split]) for split in SPLITS] == [19, 5, 8]


def test_facts_are_about_classes_and_never_ambiguous(things: Catalogue) -> None:
    for table in (things.kinds, things.uses, things.places):
        words = [word for members in table.values() for word in members]
        assert len(words) == len(set(words)) and set(words) <= set(things.classes)
        assert len(table) >= 4 and not set(table) & set(things.classes)


def test_what_is_held_out_leaves_every_answer_taught(things: Catalogue) -> None:
    for about in ("kind", "use", "place"):
        taught, held_out = things.facts(about, held_out=False), things.facts(about, held_out=True)
        assert len(held_out) >= 4 and set(held_out) <= set(taught)
        assert not {word for words in taught.values() for word in words} & set(things.held_out_facts)


def test_each_colour_is_held_out_of_as_many_shapes(things: Catalogue) -> None:
    for shape in things.shapes:
        taught, held_out = things.colours_of(shape, held_out=False), things.colours_of(shape, held_out=True)
        assert len(taught) == len(held_out) == 4 and set(taught) | set(held_out) == set(things.colours)
    counts = [sum(colour in colours for colours in things.taught_colours.values()) for colour in things.colours]
    assert len(set(counts)) == 1


def test_companions_are_mutual_and_popular_classes_exist(things: Catalogue) -> None:
    assert set(things.companions) == set(things.classes)
    assert all(things.companions[other] == word != other for word, other in things.companions.items())
    assert set(things.popular) < set(things.classes)


@pytest.mark.data
def test_no_two_splits_have_drawings_that_look_alike(things: Catalogue) -> None:
    def views(glyph: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """Mask and centred brightness on 32 x 32 pixels, as it is and mirrored."""
        drawing = assets.drawing(glyph)
        side = max(drawing.size)
        square = Image.new("RGBA", (side, side), (255, 255, 255, 0))
        square.paste(drawing, ((side - drawing.width) // 2, (side - drawing.height) // 2))
        pixels = np.asarray(square.resize((32, 32), Image.Resampling.BOX), float)
        mask = pixels[..., 3] / 255
        light = np.where(mask > 0.5, pixels[..., :3].mean(-1), 255)
        light -= light.mean()
        return [(mask, light), (mask[:, ::-1], light[:, ::-1])]

    def similarity(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> float:
        overlap = np.minimum(first[0], second[0]).sum() / np.maximum(first[0], second[0]).sum()
        correlation = (first[1] * second[1]).sum() / np.sqrt((first[1] ** 2).sum() * (second[1] ** 2).sum())
        return float(min(overlap, correlation))

    seen = {split: {glyph: views(glyph) for glyph in glyphs(things, split)} for split in SPLITS}
    alike = [
        (f"{ord(one):X}", f"{ord(other):X}")
        for first, second in combinations(SPLITS, 2)
        for one, view in seen[first].items()
        for other, candidates in seen[second].items()
        if max(similarity(view[0], candidate) for candidate in candidates) > ALIKE
    ]
    assert not alike
