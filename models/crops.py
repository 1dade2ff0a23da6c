"""Crops: parts of a picture, each of which an encoder sees as a picture of its own.

A view's name may begin with a crop rule: `quarters.grid` is the view `grid` of the top left, top right, bottom left and
bottom right quarter, their tokens one after another. Whole pictures have no rule in front.
"""

from collections.abc import Iterable

CROPS = {"quarters": 2}
"""Crops along a side of the picture, by the rule's name."""


def split_view(view: str) -> tuple[int, str]:
    """How many crops along a side a view's name asks for, and the encoder's own view of each crop."""
    rule, _, own = view.partition(".")
    return (CROPS[rule], own) if rule in CROPS else (1, view)


def by_crop(views: Iterable[str]) -> list[list[str]]:
    """The views in groups that are cropped alike, so that the same pixels serve each group."""
    groups: dict[int, list[str]] = {}
    for view in views:
        groups.setdefault(split_view(view)[0], []).append(view)
    return list(groups.values())
