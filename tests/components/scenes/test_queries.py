"""Answers are worked out from where things lie; where there is none, or more than one, none is given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.suite import SCENES, load_suite
from inkling.components.scenes.catalogue import Catalogue, catalogue
from inkling.components.scenes.queries import DIRECTIONS, FAMILIES, Query, askable
from inkling.components.scenes.scene import Background, Bar, Scene, SceneObject, Sign
from inkling.components.shared.wording import with_article

BACKGROUND = Background(((200, 180, 160), (120, 140, 200)), upright=True, photograph=None, crop=(0, 0, 1))


def shape(word: str, colour: str, left: int = 80, top: int = 80, side: int = 60, area: float = 0.05) -> SceneObject:
    """A shape."""
    return SceneObject(word, None, colour, left, top, side, side, area)


def drawn(word: str, left: int = 80, top: int = 80, area: float = 0.05) -> SceneObject:
    """A drawing."""
    return SceneObject(word, "\U0001f426", None, left, top, 60, 60, area)


def scene(layout: str, *items: SceneObject, sign: Sign | None = None, bars: tuple[Bar, ...] = ()) -> Scene:
    """A scene before a plain background."""
    return Scene(layout, BACKGROUND, items, sign, bars)


OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
SIGN = Sign("hotel", True, ("font-lato", "x.ttf"), (0, 0, 0), (255, 255, 255), (10, 10, 150, 60))
BARS = (Bar("red", 0.5), Bar("blue", 0.9), Bar("green", 0.2), Bar("white", 0.4))
SIZES = (shape("circle", "red", area=0.1), shape("star", "blue", area=0.05), shape("heart", "green", area=0.01))


@pytest.mark.parametrize(
    ("query", "shown", "answer"),
    [
        (Query("object"), scene("single", drawn("bird")), "bird"),
        (Query("object"), scene("copies", drawn("bird"), drawn("bird")), "bird"),
        (Query("object"), scene("pair", drawn("bird"), drawn("car")), None),
        (Query("object"), scene("single", shape("circle", "red")), None),
        (Query("kind"), scene("single", drawn("bird")), "animal"),
        (Query("kind"), scene("single", drawn("building")), None),
        (Query("fact", ("use",)), scene("single", drawn("boat")), "travel"),
        (Query("fact", ("place",)), scene("single", drawn("boat")), "water"),
        (Query("fact", ("place",)), scene("single", drawn("bag")), None),
        (Query("position", ("bird",)), scene("single", drawn("bird", left=-20)), None),
        (Query("colour", ("circle",)), scene("shapes", shape("circle", "red"), shape("star", "blue")), "red"),
        (Query("colour", ("circle",)), scene("copies", shape("circle", "red"), shape("circle", "red")), None),
        (Query("sign"), scene("sign", sign=SIGN), "hotel"),
        (Query("sign"), scene("single", drawn("bird")), None),
        (Query("chart", ("tallest",)), scene("chart", bars=BARS), "blue"),
        (Query("chart", ("lowest",)), scene("chart", bars=BARS), "green"),
        (Query("chart", ("lowest",)), scene("single", drawn("bird")), None),
        (Query("count"), scene("copies", drawn("bird"), drawn("bird"), drawn("bird")), "three"),
        (Query("count"), scene("copies"), None),
        (Query("position", ("bird",)), scene("single", drawn("bird", left=10)), "left"),
        (Query("position", ("bird",)), scene("single", drawn("bird", left=150)), "right"),
        (Query("position", ("bird",)), scene("single", drawn("bird", top=5)), "top"),
        (Query("position", ("bird",)), scene("single", drawn("bird", top=160)), "bottom"),
        (Query("position", ("bird",)), scene("single", drawn("bird", left=10, top=10)), None),
        (Query("position", ("bird",)), scene("single", drawn("bird")), None),
        (Query("size", ("biggest",)), scene("sizes", *SIZES), "red"),
        (Query("size", ("smallest",)), scene("sizes", *SIZES), "green"),
        (Query("size", ("biggest",)), scene("sizes", SIZES[1], shape("cross", "white", area=0.055)), None),
        (Query("existence", ("bird",)), scene("single", drawn("bird")), "yes"),
        (Query("existence", ("car",)), scene("single", drawn("bird")), "no"),
    ],
)
def test_answers(query: Query, shown: Scene, answer: str | None, things: Catalogue) -> None:
    assert query.solve(shown, things) == answer


@given(st.integers(0, 164), st.integers(0, 164))
def test_a_relation_reads_backwards(left: int, top: int) -> None:
    pair = scene("pair", drawn("bird", 80, 80), drawn("car", left, top))
    there = Query("relation", ("bird", "car")).solve(pair, catalogue())
    back = Query("relation", ("car", "bird")).solve(pair, catalogue())
    assert back == (OPPOSITE[there] if there else None)
    if there == "left":
        assert left - 80 >= 2 * abs(top - 80)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_words_and_answers(family: str, things: Catalogue) -> None:
    subject = {"fact": ("use",), "relation": ("bird", "car"), "chart": ("lowest",), "size": ("smallest",)}
    query = Query(family, subject.get(family, ("circle",)))
    assert query.text.endswith("?")
    answers = query.universe(scene("chart", *SIZES, shape("cross", "white"), bars=BARS), things)
    assert len(answers) == len(set(answers)) >= (2 if family == "existence" else 4)


def test_all_that_a_scene_teaches_has_an_answer(things: Catalogue) -> None:
    pair = scene("pair", shape("circle", "red", left=10), drawn("bird", left=150))
    asked = {query.text: query.solve(pair, things) for query in askable(pair, things)}
    assert asked == {
        "Where is the circle as seen from the bird?": "left",
        "Where is the bird as seen from the circle?": "right",
        "What colour is the circle?": "red",
    }
    assert set(asked.values()) & set(DIRECTIONS)


def test_what_is_held_out_of_a_class_is_not_taught(things: Catalogue) -> None:
    for word in things.classes:
        families = {query.family for query in askable(scene("single", drawn(word)), things)}
        assert "object" in families
        assert not (families & {"kind", "fact"} and word in things.held_out_facts)


@pytest.mark.parametrize(("word", "said"), [("bird", "a bird"), ("insect", "an insect"), ("clothes", "clothes")])
def test_articles(word: str, said: str) -> None:
    assert with_article(word) == said


def test_the_suite_lists_the_categories_of_the_families() -> None:
    suite = load_suite(SCENES)
    assert [category.name for category in suite.categories] == list(
        dict.fromkeys(family.category for family in FAMILIES.values())
    )
