"""Documents of rendered scenes: pictures in a row, each with what it shows and how it compares with an earlier one."""

from collections.abc import Sequence

from numpy.random import Generator

from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.components.scenes.captions import caption
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.made import Made
from inkling.components.shared.wording import ORDINALS, with_article

_COMPARED = 13  # a purpose of chance
_CLEAR = 1.5  # times as large: what is nearer in size is not compared


def documents(scenes: Sequence[Made], pictures: int, catalogue: Catalogue) -> list[InterleavedDocument]:
    """All scenes in documents of so many pictures; the last one may have fewer.

    Args:
        scenes: The training scenes, in their order.
        pictures: Pictures of a document.
        catalogue: What scenes are made of.
    """
    rows = [scenes[first : first + pictures] for first in range(0, len(scenes), pictures)]
    return [
        InterleavedDocument(
            f"document-{number:05d}",
            tuple(made.job.image_id for made in row),
            ("", *(_said(row, place, catalogue) for place in range(len(row)))),
        )
        for number, row in enumerate(rows)
    ]


def _said(row: Sequence[Made], place: int, catalogue: Catalogue) -> str:
    """What is said of a picture: its caption, and behind the first one a sentence that takes seeing an earlier one."""
    made = row[place]
    shown = f"The {ORDINALS[place]} picture shows {caption(made.scene, catalogue)}."
    if not place:
        return shown
    rng = made.job.chance(_COMPARED)
    earlier = int(rng.integers(place))
    return f"{shown} {compared(made, row[earlier], ORDINALS[earlier], rng)}"


def compared(made: Made, earlier: Made, ordinal: str, rng: Generator) -> str:
    """A sentence that says, by the annotations, how a picture compares with an earlier one.

    Args:
        made: The picture.
        earlier: The earlier one.
        ordinal: What that is called.
        rng: Draws what is compared: what there is, how many things, or how large.
    """
    words, own = ({one.word: None for one in shown.objects} for shown in (earlier, made))
    shared = [word for word in words if word in own]
    drawn = (shared or list(words))[int(rng.integers(len(shared or words)))]
    options = [
        f"Like the {ordinal}, it shows {with_article(drawn)}."
        if shared
        else f"Unlike the {ordinal}, it shows no {drawn}."
    ]
    more = len(made.objects) - len(earlier.objects)
    number = "as many things as" if not more else f"{'more' if more > 0 else 'fewer'} things than"
    options.append(f"It shows {number} the {ordinal}.")
    here, there = (max(one.area for one in shown.objects) for shown in (made, earlier))
    if max(here, there) >= _CLEAR * min(here, there):
        options.append(f"Its largest thing is {'larger' if here > there else 'smaller'} than that of the {ordinal}.")
    return options[int(rng.integers(len(options)))]
