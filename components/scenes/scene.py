"""A scene before it is drawn: what lies where, exactly. Every question about a picture is answered from this."""

from dataclasses import dataclass

from inkling.components.artifacts.questions import SizeBucket, size_bucket

SIDE = 224
"""Height and width of a picture in pixels."""


@dataclass(frozen=True)
class Background:
    """What lies behind everything: two tints from side to side, and a photograph's texture where there is one.

    Attributes:
        tints: Red, green and blue at the two ends.
        upright: Whether the tints run from top to bottom instead of left to right.
        photograph: File of the photograph; None for the bare gradient.
        crop: Left, top and side of the photograph's crop, as shares of its size.
    """

    tints: tuple[tuple[int, int, int], tuple[int, int, int]]
    upright: bool
    photograph: str | None
    crop: tuple[float, float, float]


@dataclass(frozen=True)
class SceneObject:
    """A drawing or a shape in its place.

    Attributes:
        word: Class of the drawing, or name of the shape.
        glyph: The drawing; None for a shape.
        colour: Name of the shape's colour; None for a drawing.
        left, top, width, height: Its box in pixels, which may reach beyond the picture.
        area: Share of the picture that it covers; of a drawing to the pixel.
        flipped: Whether it is mirrored.
    """

    word: str
    glyph: str | None
    colour: str | None
    left: int
    top: int
    width: int
    height: int
    area: float
    flipped: bool = False

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of its box, in pixels from the left and from the top."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def bucket(self) -> SizeBucket:
        """Its size bucket."""
        return size_bucket(self.area)

    @property
    def whole(self) -> bool:
        """Whether its box lies within the picture."""
        right, bottom = self.left + self.width, self.top + self.height
        return min(self.left, self.top) >= 0 and max(right, bottom) <= SIDE


@dataclass(frozen=True)
class Sign:
    """A board with a word on it.

    Attributes:
        text: The word on it, in lower case.
        capitals: Whether it is written in capitals.
        font: Package and path of the typeface.
        ink, board: Colours.
        box: Left, top, width and height of the board in pixels.
    """

    text: str
    capitals: bool
    font: tuple[str, str]
    ink: tuple[int, int, int]
    board: tuple[int, int, int]
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Bar:
    """A bar of a chart: the name of its colour and its height as a share of the chart."""

    colour: str
    height: float


@dataclass(frozen=True)
class Scene:
    """A picture's full description.

    Attributes:
        layout: How it is composed.
        background: What lies behind.
        items: Drawings and shapes; they do not overlap.
        sign: The sign, where there is one.
        bars: The bars of a chart, from the left.
    """

    layout: str
    background: Background
    items: tuple[SceneObject, ...] = ()
    sign: Sign | None = None
    bars: tuple[Bar, ...] = ()
