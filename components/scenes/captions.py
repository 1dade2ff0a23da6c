"""Captions: what a scene shows, in words that name everything in it."""

from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.queries import NUMBERS, Query
from inkling.components.scenes.scene import Scene
from inkling.components.shared.wording import with_article

REQUEST = "Describe the picture."
_PLACES = {"left": "on the left", "right": "on the right", "top": "at the top", "bottom": "at the bottom"}
_RELATIONS = {"left": "left of", "right": "right of", "above": "above", "below": "below"}


def caption(scene: Scene, catalogue: Catalogue) -> str:
    """Describes a scene in a few words."""
    things = [with_article(f"{item.colour} {item.word}" if item.colour else item.word) for item in scene.items]
    if scene.sign:
        return f"a sign that says {scene.sign.text}"
    if scene.bars:
        tallest, lowest = (Query("chart", (word,)).solve(scene, catalogue) for word in ("tallest", "lowest"))
        colours = ", ".join(bar.colour for bar in scene.bars)
        return f"a chart with bars {colours}; {tallest} is the tallest, {lowest} the lowest"
    if scene.layout == "sizes":
        biggest, smallest = (Query("size", (word,)).solve(scene, catalogue) for word in ("biggest", "smallest"))
        return f"{', '.join(things)}; {biggest} is the biggest, {smallest} the smallest"
    if scene.layout == "single":
        place = Query("position", (scene.items[0].word,)).solve(scene, catalogue)
        return f"{things[0]} {_PLACES[place]}" if place else things[0]
    if scene.layout == "pair":
        relation = Query("relation", (scene.items[0].word, scene.items[1].word)).solve(scene, catalogue)
        assert relation is not None, "a pair is always composed along an axis"
        return f"{things[0]} {_RELATIONS[relation]} {things[1]}"
    if scene.layout == "copies":
        return f"{NUMBERS[len(things) - 1]} {'thing' if len(things) == 1 else 'things'}: {', '.join(things)}"
    return ", ".join(things)
