"""Twins: the same scene with one change, so that the question that it was made for has another answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from numpy.random import Generator

from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.layouts import Composer, centred
from inkling.components.scenes.queries import NUMBERS, Query
from inkling.components.scenes.scene import SIDE, Scene, SceneObject

CHANGES = {
    "object": "class", "kind": "class", "fact": "class", "colour": "colour", "count": "count", "position": "position",
    "relation": "relation",
}  # fmt: skip
"""What a twin changes, by the family of the scene; scenes of other families have no twins."""
_ATTEMPTS = 100
_OFF_CENTRE = 62  # pixels from the middle to where a thing lies at a side
_CELLS = [(SIDE * (2 * column + 1) / 6, SIDE * (2 * row + 1) / 6) for row in range(3) for column in range(3)]


@dataclass(frozen=True)
class Twins:
    """Makes twins of the scenes of a split.

    Attributes:
        composer: Draws what is new.
        catalogue: What scenes are made of.
        rng: The source of chance.
    """

    composer: Composer
    catalogue: Catalogue
    rng: Generator

    def of(self, scene: Scene, query: Query) -> Scene:
        """The twin of a scene.

        Args:
            scene: The scene, of a family that `CHANGES` names.
            query: The question that it was made for, whose answer is another one in the twin.

        Raises:
            RuntimeError: If chance finds none.
        """
        changes: dict[str, Callable[[Scene, Query], Scene]] = {
            "class": self._class, "colour": self._colour, "count": self._count, "position": self._position,
            "relation": self._relation,
        }  # fmt: skip
        answer = query.solve(scene, self.catalogue)
        for _ in range(_ATTEMPTS):
            twin = changes[CHANGES[query.family]](scene, query)
            if query.solve(twin, self.catalogue) not in (None, answer):
                return twin
        raise RuntimeError(f"no twin of a scene of family '{query.family}' came out in {_ATTEMPTS} attempts")

    def _class(self, scene: Scene, query: Query) -> Scene:
        item = scene.items[0]
        told = query.family == "object"
        words = [
            word for word in self.catalogue.classes
            if word != item.word and (told or word not in self.catalogue.held_out_facts)
        ]  # fmt: skip
        other = self.composer.drawn(words[int(self.rng.integers(len(words)))], item.area, max(item.width, item.height))
        return replace(scene, items=(centred(other, item.centre),))

    def _colour(self, scene: Scene, query: Query) -> Scene:
        used = {item.colour for item in scene.items}
        free = [colour for colour in self.catalogue.taught_colours[query.subject[0]] if colour not in used]
        shade = free[int(self.rng.integers(len(free)))]
        items = (replace(item, colour=shade) if item.word == query.subject[0] else item for item in scene.items)
        return replace(scene, items=tuple(items))

    def _count(self, scene: Scene, _: Query) -> Scene:
        fewer = len(scene.items) == len(NUMBERS) or (len(scene.items) > 1 and self.rng.random() < 0.5)
        if fewer:
            return replace(scene, items=scene.items[:-1])
        free = [cell for cell in _CELLS if all(_distance(item, cell) > SIDE / 6 for item in scene.items)]
        more = centred(scene.items[0], free[int(self.rng.integers(len(free)))])
        return replace(scene, items=(*scene.items, more))

    def _position(self, scene: Scene, _: Query) -> Scene:
        across, down = ((-1, 0), (1, 0), (0, -1), (0, 1))[int(self.rng.integers(4))]
        centre = (SIDE / 2 + across * _OFF_CENTRE, SIDE / 2 + down * _OFF_CENTRE)
        return replace(scene, items=(centred(scene.items[0], centre),))

    def _relation(self, scene: Scene, _: Query) -> Scene:
        first, second = scene.items
        return replace(scene, items=(centred(first, second.centre), centred(second, first.centre)))


def _distance(item: SceneObject, cell: tuple[float, float]) -> float:
    """Pixels between an item's middle and a place, along the axis on which they are further apart."""
    return max(abs(item.centre[0] - cell[0]), abs(item.centre[1] - cell[1]))
