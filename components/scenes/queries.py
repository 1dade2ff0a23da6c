"""The questions that a scene allows, and the answer, worked out from where things lie."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.phrasings import taught
from inkling.components.scenes.scene import SIDE, Scene, SceneObject

NUMBERS = ("one", "two", "three", "four")
SIDES = ("left", "right", "top", "bottom")
DIRECTIONS = ("left", "right", "above", "below")
YES, NO = "yes", "no"


@dataclass(frozen=True)
class Family:
    """A family of questions: its category in the benchmark and whether it takes perception or reasoning."""

    category: str
    tag: Literal["perception", "reasoning"]


FAMILIES = {
    "object": Family("General", "perception"),
    "colour": Family("General", "perception"),
    "kind": Family("Knowledge", "reasoning"),
    "fact": Family("Knowledge", "reasoning"),
    "sign": Family("OCR & Chart", "perception"),
    "chart": Family("OCR & Chart", "reasoning"),
    "count": Family("Vision-Centric", "perception"),
    "position": Family("Vision-Centric", "perception"),
    "relation": Family("Vision-Centric", "reasoning"),
    "size": Family("Vision-Centric", "reasoning"),
    "existence": Family("Existence", "perception"),
}
"""All families. Existence is answered yes or no and belongs to none of the paper's four categories."""


@dataclass(frozen=True)
class Query:
    """A question about a scene.

    Attributes:
        family: Its family.
        subject: The words that it is about.
    """

    family: str
    subject: tuple[str, ...] = ()

    @property
    def asks(self) -> str:
        """The family whose phrasings it has: facts about use and place are asked in other words."""
        return f"fact-{self.subject[0]}" if self.family == "fact" else self.family

    @property
    def text(self) -> str:
        """The question in the words of the headline suite."""
        return taught(self.asks)[0].text(self.subject)

    def solve(self, scene: Scene, catalogue: Catalogue) -> str | None:
        """The answer; None where the scene has none, or more than one."""
        return _SOLVERS[self.family](self.subject, scene, catalogue)

    def universe(self, scene: Scene, catalogue: Catalogue, held_out: bool = False) -> list[str]:
        """All answers that the question could have; the choices are drawn from them.

        Args:
            scene: The scene.
            catalogue: What scenes are made of.
            held_out: Whether it is asked of what training does not tell: the answers are then those held out.
        """
        if self.family == "kind":
            return list(catalogue.facts("kind", held_out))
        if self.family == "fact":
            return list(catalogue.facts(self.subject[0], held_out))
        if self.family == "colour":
            return catalogue.colours_of(self.subject[0], held_out)
        if self.family == "chart":
            return [bar.colour for bar in scene.bars]
        if self.family == "size":
            return [item.colour for item in scene.items if item.colour]
        return {
            "object": catalogue.classes,
            "sign": catalogue.sign_words,
            "count": list(NUMBERS),
            "position": list(SIDES),
            "relation": list(DIRECTIONS),
            "existence": [YES, NO],
        }[self.family]


def askable(scene: Scene, catalogue: Catalogue) -> list[Query]:
    """Every question that a scene of its layout teaches: existence is left out, and so are facts that are held out."""
    words = [item.word for item in scene.items]
    colours = [Query("colour", (item.word,)) for item in scene.items if item.colour]
    possible = {
        "single": [
            Query("object"), Query("kind"), Query("fact", ("use",)), Query("fact", ("place",)),
            *(Query("position", (word,)) for word in words), *colours,
        ],
        "pair": [Query("relation", tuple(words)), Query("relation", tuple(reversed(words))), *colours],
        "copies": [Query("count"), Query("object")],
        "shapes": colours,
        "sizes": [Query("size", ("biggest",)), Query("size", ("smallest",)), *colours],
        "sign": [Query("sign")],
        "chart": [Query("chart", ("tallest",)), Query("chart", ("lowest",))],
    }[scene.layout]  # fmt: skip
    untold = set(words) & set(catalogue.held_out_facts)
    told = [query for query in possible if not (untold and query.family in ("kind", "fact"))]
    return [query for query in told if query.solve(scene, catalogue) is not None]


def _facts(relation: str, catalogue: Catalogue) -> dict[str, list[str]]:
    return dict(catalogue.uses if relation == "use" else catalogue.places)


def _only_class(scene: Scene) -> str | None:
    """The class of all the drawings in a scene; None where it is not one class."""
    words = {item.word for item in scene.items if item.glyph}
    return words.pop() if len(words) == 1 and all(item.glyph for item in scene.items) else None


def _group(scene: Scene, groups: dict[str, list[str]]) -> str | None:
    word = _only_class(scene)
    found = [name for name, members in groups.items() if word in members]
    return found[0] if len(found) == 1 else None


def _named(scene: Scene, word: str) -> SceneObject | None:
    """The one item of a word."""
    found = [item for item in scene.items if item.word == word]
    return found[0] if len(found) == 1 else None


def _towards(across: float, down: float, names: tuple[str, ...]) -> str | None:
    """The direction of a step in pixels, where one axis clearly prevails: left, right, up, down by the given names."""
    if max(abs(across), abs(down)) < 30 or min(abs(across), abs(down)) > 0.5 * max(abs(across), abs(down)):
        return None
    if abs(across) > abs(down):
        return names[0] if across < 0 else names[1]
    return names[2] if down < 0 else names[3]


def _colour(subject: tuple[str, ...], scene: Scene, _: Catalogue) -> str | None:
    item = _named(scene, subject[0])
    return item.colour if item else None


def _sign(_: tuple[str, ...], scene: Scene, __: Catalogue) -> str | None:
    return scene.sign.text if scene.sign else None


def _chart(subject: tuple[str, ...], scene: Scene, _: Catalogue) -> str | None:
    if not scene.bars:
        return None
    extreme = max if subject[0] == "tallest" else min
    return extreme(scene.bars, key=lambda bar: bar.height).colour


def _count(_: tuple[str, ...], scene: Scene, __: Catalogue) -> str | None:
    return NUMBERS[len(scene.items) - 1] if 0 < len(scene.items) <= len(NUMBERS) else None


def _position(subject: tuple[str, ...], scene: Scene, _: Catalogue) -> str | None:
    item = _named(scene, subject[0])
    if not item or not item.whole:
        return None
    return _towards(item.centre[0] - SIDE / 2, item.centre[1] - SIDE / 2, SIDES)


def _relation(subject: tuple[str, ...], scene: Scene, _: Catalogue) -> str | None:
    first, second = _named(scene, subject[0]), _named(scene, subject[1])
    if not first or not second:
        return None
    return _towards(first.centre[0] - second.centre[0], first.centre[1] - second.centre[1], DIRECTIONS)


def _size(subject: tuple[str, ...], scene: Scene, _: Catalogue) -> str | None:
    if len(scene.items) < 2:
        return None
    ordered = sorted(scene.items, key=lambda item: item.area, reverse=subject[0] == "biggest")
    return ordered[0].colour if abs(ordered[0].area / ordered[1].area - 1) > 0.3 else None


_SOLVERS: dict[str, Callable[[tuple[str, ...], Scene, Catalogue], str | None]] = {
    "object": lambda _, scene, __: _only_class(scene),
    "kind": lambda _, scene, catalogue: _group(scene, dict(catalogue.kinds)),
    "fact": lambda subject, scene, catalogue: _group(scene, _facts(subject[0], catalogue)),
    "colour": _colour,
    "sign": _sign,
    "chart": _chart,
    "count": _count,
    "position": _position,
    "relation": _relation,
    "size": _size,
    "existence": lambda subject, scene, _: YES if any(item.word == subject[0] for item in scene.items) else NO,
}
