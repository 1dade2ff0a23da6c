"""Leaving instruction turns out, of a tag or at random (LSBS, appendix), or images with all that is said about them."""

from collections.abc import Mapping, Sequence

from inkling.components.adapt.recipe import Drop
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.nested import nested_part

_ORDER = 3  # beside the seed: draws which turns go first


def dropped(
    turns: Mapping[str, Sequence[Turn]], drop: Drop, seed: int
) -> tuple[dict[str, list[Turn]], dict[str, dict[str, int]]]:
    """The turns that are left; those of a larger share are among those that are left by a smaller one.

    Captions are never left out. The order of those that stay is what it was.

    Args:
        turns: The turns of each image.
        drop: What is left out.
        seed: Determines which turns go first.

    Returns:
        The turns of each image that are left, and by tag how many instruction turns there `were`, and how many were
        `dropped`.

    Raises:
        ValueError: If more are to be left out at random than there are.
    """
    pools: dict[str, list[str]] = {}
    for turn in (turn for of_image in turns.values() for turn in of_image if turn.kind == "instruct"):
        pools.setdefault(turn.tag, []).append(turn.id)
    gone = {
        number
        for tag, share in (("perception", drop.perception), ("reasoning", drop.reasoning))
        for number in nested_part(pools.get(tag, []), round(share * len(pools.get(tag, []))), seed, _ORDER)
    }
    every = [number for pool in pools.values() for number in pool]
    if drop.random > len(every):
        raise ValueError(f"drop.random: {drop.random:,} turns cannot be left out of {len(every):,} instruction turns")
    gone |= nested_part(every, drop.random, seed, _ORDER)
    left = {
        image: [turn for turn in several if turn.kind != "instruct" or turn.id not in gone]
        for image, several in turns.items()
    }
    counts = {tag: {"were": len(pool), "dropped": len(gone.intersection(pool))} for tag, pool in sorted(pools.items())}
    return left, counts


def kept_images(names: Sequence[str], drop: Drop, seed: int) -> list[int]:
    """Places of the images that are left, at least one; those of a larger share left out are among those of a smaller.

    Args:
        names: The images.
        drop: What is left out.
        seed: Determines which images go first.
    """
    gone = nested_part(names, min(round(drop.images * len(names)), len(names) - 1), seed, _ORDER)
    return [place for place, name in enumerate(names) if name not in gone]
