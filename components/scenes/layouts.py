"""Composes scenes: a layout for every family of questions, a wanted answer made true, the rest left to chance."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from numpy.random import Generator

from inkling.components.scenes import assets
from inkling.components.scenes.catalogue import Catalogue, Split
from inkling.components.scenes.cutouts import SHAPE_COVERAGE, mask
from inkling.components.scenes.queries import DIRECTIONS, NUMBERS, SIDES, Query
from inkling.components.scenes.scene import SIDE, Background, Bar, Scene, SceneObject, Sign
from inkling.components.scenes.zoom import zoomed

T = TypeVar("T")
_MARGIN = 8
_SHIFT = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1), "above": (0, -1), "below": (0, 1)}
_SHARES = {"small": (0.02, 0.27), "medium": (0.34, 0.56), "large": (0.63, 0.9)}
DISTRACTORS = ("random", "popular", "adversarial")
"""What a question about a thing that is not there names: any class, a popular one, or a companion of what is there."""
_BOARDS = (
    ((250, 250, 250), (20, 20, 20)), ((200, 30, 30), (255, 255, 255)), ((30, 70, 180), (255, 255, 255)),
    ((245, 215, 50), (20, 20, 20)), ((20, 120, 60), (255, 255, 255)),
)  # fmt: skip
_BESIDE = 0.5  # how often a thing is of a popular class, or beside its companion
_ATTEMPTS = 1000
_LOW, _HIGH = 110, 235  # range of a background's tints


class Composer:
    """Composes the scenes of a split, drawing by chance from what the split may use."""

    def __init__(self, catalogue: Catalogue, split: Split, rng: Generator, held_out: bool = False) -> None:
        """Takes the source of chance; the same state gives the same scenes.

        Args:
            catalogue: What scenes are made of.
            split: Which drawings, typefaces and photographs are used.
            rng: The source of chance.
            held_out: Whether the thing asked about is a composition, or has a fact, that training does not tell.
        """
        self._catalogue, self._split, self._rng, self._held_out = catalogue, split, rng, held_out

    def compose(self, family: str, target: str) -> tuple[Scene, Query]:
        """Composes a scene for a question.

        Args:
            family: Family of the question.
            target: What shall hold, one of `targets(catalogue, family)`.

        Returns:
            The scene and the question that it was made for.
        """
        layouts: dict[str, Callable[[str], tuple[Scene, Query]]] = {
            "object": self._object, "kind": self._kind, "fact": self._fact, "colour": self._colour,
            "sign": self._sign, "chart": self._chart, "count": self._count, "position": self._position,
            "relation": self._relation, "size": self._size, "existence": self._existence,
        }  # fmt: skip
        return layouts[family](target)

    def _object(self, word: str) -> tuple[Scene, Query]:
        return self._single(word, (0.04, 0.30)), Query("object")

    def _kind(self, kind: str) -> tuple[Scene, Query]:
        words = self._catalogue.facts("kind", self._held_out)[kind]
        return self._single(self._pick(words), (0.04, 0.30)), Query("kind")

    def _fact(self, fact: str) -> tuple[Scene, Query]:
        relation, value = fact.split(":")
        words = self._catalogue.facts(relation, self._held_out)[value]
        return self._single(self._pick(words), (0.04, 0.30)), Query("fact", (relation,))

    def _existence(self, target: str) -> tuple[Scene, Query]:
        bucket, _, word = target.split(":")
        share = self._between(*_SHARES[bucket])
        scene = self._single(word, (share, share))
        if scene.items[0].area < 0.95 * share:  # the frame is too small for it
            larger = zoomed(scene.items[0], share)
            scene = replace(scene, items=(scene.items[0] if larger is None else _counted(larger),))
        return scene, Query("existence", (word,))

    def _position(self, side: str) -> tuple[Scene, Query]:
        item = self._thing((0.05, 0.12), 90)
        across, down = _SHIFT[side]
        centre = self._jitter(SIDE / 2 + across * 62, SIDE / 2 + down * 62, 8)
        return Scene("single", self._background(), (centred(item, centre),)), Query("position", (item.word,))

    def _relation(self, direction: str) -> tuple[Scene, Query]:
        first = self._thing((0.05, 0.10), 88)
        if first.glyph and self._rng.random() < _BESIDE:
            second = self.drawn(self._catalogue.companions[first.word], self._between(0.05, 0.10), 88)
        else:
            second = self._thing((0.05, 0.10), 88, but=first.word)
        across, down = _SHIFT[direction]
        middle = self._jitter(SIDE / 2, SIDE / 2, 6)
        there = (middle[0] + across * 54, middle[1] + down * 54)
        here = (middle[0] - across * 54, middle[1] - down * 54)
        items = [centred(first, self._jitter(*there, 4)), centred(second, self._jitter(*here, 4))]
        return Scene("pair", self._background(), tuple(items)), Query("relation", (first.word, second.word))

    def _count(self, number: str) -> tuple[Scene, Query]:
        item = self._thing((0.025, 0.05), 66)
        cells = self._rng.permutation(9)[: NUMBERS.index(number) + 1]
        centres = [(SIDE * (2 * int(cell % 3) + 1) / 6, SIDE * (2 * int(cell // 3) + 1) / 6) for cell in cells]
        items = tuple(centred(item, self._jitter(*centre, 4)) for centre in centres)
        return Scene("copies", self._background(), items), Query("count")

    def _colour(self, colour: str) -> tuple[Scene, Query]:
        asked = self._pick(
            [word for word in self._catalogue.shapes if colour in self._catalogue.colours_of(word, self._held_out)]
        )
        count = int(self._rng.integers(0, 3))
        shapes = [
            self._shape(word, shade, self._between(0.03, 0.14), 96)
            for word, shade in [(asked, colour), *self._pairs(count, {asked}, {colour})]
        ]
        return Scene("shapes", self._background(), self._quarters(shapes)), Query("colour", (asked,))

    def _size(self, extreme: str) -> tuple[Scene, Query]:
        areas = [self._between(*bounds) for bounds in ((0.14, 0.18), (0.035, 0.055), (0.035, 0.055), (0.008, 0.012))]
        pairs = self._pairs(4, set(), set())
        shapes = [self._shape(word, colour, area, 106) for (word, colour), area in zip(pairs, areas, strict=True)]
        return Scene("sizes", self._background(), self._quarters(shapes)), Query("size", (extreme,))

    def _sign(self, word: str) -> tuple[Scene, Query]:
        width, height = self._whole(176, SIDE - 2 * _MARGIN), self._whole(64, 110)
        board, ink = self._pick(_BOARDS)
        box = (
            self._whole(_MARGIN, SIDE - _MARGIN - width),
            self._whole(_MARGIN, SIDE - _MARGIN - height),
            width,
            height,
        )
        font = self._pick(assets.typefaces(self._split))
        sign = Sign(word, bool(self._rng.random() < 0.5), font, ink, board, box)
        return Scene("sign", self._background(), sign=sign), Query("sign")

    def _chart(self, extreme: str) -> tuple[Scene, Query]:
        colours = self._sample(list(self._catalogue.colours), 4)
        heights = self._rng.permutation([0.24, 0.46, 0.68, 0.92]) + self._rng.uniform(-0.06, 0.06, 4)
        bars = tuple(Bar(colour, round(float(height), 4)) for colour, height in zip(colours, heights, strict=True))
        return Scene("chart", self._background(), bars=bars), Query("chart", (extreme,))

    def _single(self, word: str, areas: tuple[float, float]) -> Scene:
        item = self.drawn(word, self._between(*areas), SIDE - 2 * _MARGIN)
        left, top = (self._whole(_MARGIN, SIDE - _MARGIN - length) for length in (item.width, item.height))
        return Scene("single", self._background(), (replace(item, left=left, top=top),))

    def _thing(self, areas: tuple[float, float], longest: int, but: str | None = None) -> SceneObject:
        """A drawing or a shape of any word but one, not yet placed."""
        if self._rng.random() < 0.5:
            word = self._pick([word for word in self._catalogue.shapes if word != but])
            colour = self._pick(self._catalogue.taught_colours[word])
            return self._shape(word, colour, self._between(*areas), longest)
        words = self._catalogue.popular if self._rng.random() < _BESIDE else self._catalogue.classes
        return self.drawn(self._pick([word for word in words if word != but]), self._between(*areas), longest)

    def drawn(self, word: str, area: float, longest: int) -> SceneObject:
        """A drawing of a class, not yet placed.

        Args:
            word: The class.
            area: Share of the picture that it shall cover.
            longest: Its longer side in pixels, at most.
        """
        glyph = self._pick(self._pick(self._catalogue.drawings[self._split][word]))
        width, height, covered = _fit(*assets.drawing(glyph).size, assets.coverage(glyph), area, longest)
        return _counted(SceneObject(word, glyph, None, 0, 0, width, height, covered, bool(self._rng.random() < 0.5)))

    def _shape(self, word: str, colour: str, area: float, longest: int) -> SceneObject:
        width, height, covered = _fit(1, 1, SHAPE_COVERAGE[word], area, longest)
        return SceneObject(word, None, colour, 0, 0, width, height, covered)

    def _pairs(self, count: int, words: set[str], colours: set[str]) -> list[tuple[str, str]]:
        """Shapes and colours that training draws, each another and none of those given.

        Raises:
            RuntimeError: If chance finds none.
        """
        for _ in range(_ATTEMPTS):
            chosen = self._sample([word for word in self._catalogue.shapes if word not in words], count)
            shades = self._sample([colour for colour in self._catalogue.colours if colour not in colours], count)
            pairs = list(zip(chosen, shades, strict=True))
            if all(colour in self._catalogue.taught_colours[word] for word, colour in pairs):
                return pairs
        raise RuntimeError(f"no {count} shapes in colours that are taught came out in {_ATTEMPTS} attempts")

    def _quarters(self, items: Sequence[SceneObject]) -> tuple[SceneObject, ...]:
        """Puts up to four items into different quarters of the picture."""
        cells = self._rng.permutation(4)[: len(items)]
        return tuple(
            centred(item, self._jitter(SIDE * (2 * int(cell % 2) + 1) / 4, SIDE * (2 * int(cell // 2) + 1) / 4, 2))
            for item, cell in zip(items, cells, strict=True)
        )

    def _background(self) -> Background:
        files = self._catalogue.photographs[self._split]
        photograph = self._pick(files) if self._rng.random() < 0.5 else None
        crop = (self._between(0, 1), self._between(0, 1), self._between(0.4, 0.9))
        return Background((self._tint(), self._tint()), bool(self._rng.random() < 0.5), photograph, crop)

    def _tint(self) -> tuple[int, int, int]:
        return self._whole(_LOW, _HIGH), self._whole(_LOW, _HIGH), self._whole(_LOW, _HIGH)

    def _pick(self, options: Sequence[T]) -> T:
        return options[int(self._rng.integers(len(options)))]

    def _sample(self, options: Sequence[T], count: int) -> list[T]:
        return [options[int(index)] for index in self._rng.permutation(len(options))[:count]]

    def _between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def _whole(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high + 1))

    def _jitter(self, x: float, y: float, reach: int) -> tuple[float, float]:
        return x + self._between(-reach, reach), y + self._between(-reach, reach)


def targets(catalogue: Catalogue, family: str, held_out: bool = False) -> list[str]:
    """What scenes of a family are composed for, equally often: answers, or wordings where any answer may come out.

    Args:
        catalogue: What scenes are made of.
        family: The family; that of existence has `existence_targets`.
        held_out: Whether what training does not tell is asked.
    """
    return {
        "object": catalogue.classes,
        "kind": list(catalogue.facts("kind", held_out)),
        "fact": [f"{about}:{name}" for about in ("use", "place") for name in catalogue.facts(about, held_out)],
        "colour": list(catalogue.colours),
        "sign": catalogue.sign_words,
        "chart": ["tallest", "lowest"],
        "count": list(NUMBERS),
        "position": list(SIDES),
        "relation": list(DIRECTIONS),
        "size": ["biggest", "smallest"],
    }[family]


def existence_targets(catalogue: Catalogue, rng: Generator, count: int) -> list[str]:
    """What scenes of the family existence are composed for: size, kind of distractor and class, `small:random:bird`.

    Sizes and kinds of distractor come equally often. Scenes with a popular distractor show a popular class, and those
    with adversarial ones show companions in turn, so that each class can be asked for as often where it is as where it
    is not.
    """

    def shuffled(options: Sequence[T]) -> list[T]:
        return [options[int(k)] for k in rng.permutation(len(options))]

    couples = [(word, other) for word, other in catalogue.companions.items() if word < other]
    decks: dict[str, Callable[[], list[str]]] = {
        "random": lambda: shuffled(catalogue.classes),
        "popular": lambda: shuffled(catalogue.popular),
        "adversarial": lambda: [word for couple in shuffled(couples) for word in couple],
    }
    left: dict[str, list[str]] = {kind: [] for kind in DISTRACTORS}
    found = []
    for number in range(count):
        bucket = list(_SHARES)[number % len(_SHARES)]
        kind = DISTRACTORS[(number + number // len(_SHARES)) % len(DISTRACTORS)]
        left[kind] = left[kind] or decks[kind]()
        found.append(f"{bucket}:{kind}:{left[kind].pop(0)}")
    return found


def _fit(width: float, height: float, coverage: float, area: float, longest: int) -> tuple[int, int, float]:
    """Scales a box so that what it holds covers a share of the picture, within a longest side.

    Returns:
        Width and height in pixels and the share that is covered.
    """
    scale = min((area * SIDE * SIDE / (coverage * width * height)) ** 0.5, longest / max(width, height))
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    return wide, high, wide * high * coverage / SIDE**2


def _counted(item: SceneObject) -> SceneObject:
    """A drawing with its area counted."""
    return replace(item, area=float(mask(item).mean()))


def centred(item: SceneObject, centre: tuple[float, float]) -> SceneObject:
    """Puts an item's middle at a point, moved as little as it takes to lie within the picture."""
    left, top = round(centre[0] - item.width / 2), round(centre[1] - item.height / 2)
    return replace(item, left=min(max(left, 0), SIDE - item.width), top=min(max(top, 0), SIDE - item.height))
