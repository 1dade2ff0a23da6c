"""A scene that was made, and the thing that it does not show."""

from dataclasses import dataclass

from inkling.components.artifacts.annotations import AnnotatedObject
from inkling.components.scenes.catalogue import Catalogue
from inkling.components.scenes.plan import SceneJob
from inkling.components.scenes.queries import Query
from inkling.components.scenes.scene import Scene

_DENIED = 2  # a purpose of chance


@dataclass(frozen=True)
class Made:
    """A scene that was made.

    Attributes:
        job: What it was made for.
        scene: What it shows.
        query: The question that it was made for.
        picture: Its JPEG bytes.
        objects: What it shows, to the pixel.
    """

    job: SceneJob
    scene: Scene
    query: Query
    picture: bytes = b""
    objects: tuple[AnnotatedObject, ...] = ()


def denied(made: Made, shown: Query, catalogue: Catalogue) -> Query:
    """An existence question about a class that the picture does not show."""
    absent = [word for word in catalogue.classes if word != shown.subject[0]]
    return Query("existence", (absent[int(made.job.chance(_DENIED).integers(len(absent)))],))
