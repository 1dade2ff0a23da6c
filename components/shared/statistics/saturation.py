"""Where along an axis a score stops rising, and whether it has a peak: statements that hold together with 95 %.

No shape of the curve is assumed. A peak is reported where both ends of the axis are shown to be worse than a point in
between: of a curve that only rises, falls or is flat, 95 % of all studies report none. A score stops rising at the
first point that no later one exceeds by more than a margin. That is not before a point that a later one is shown to
exceed by more, and not after the first one that no later one can exceed by more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inkling.components.shared.statistics.simultaneous import GroupMeans

Shape = Literal["peak", "rises", "falls", "flat or undecided"]


@dataclass(frozen=True)
class Saturation:
    """What is known of a curve; points are numbered from 0.

    Attributes:
        shape: `peak`: both ends are worse than a point in between; `rises`: the first point is not the best and the
            last may be; `falls`: the last is not and the first may be; else both ends may be the best.
        best: The point with the highest score.
        may_be_best: The points that may have the highest score.
        stops_from: First point at which the score may stop rising.
        stops_by: First point at which it is shown to have stopped; the last point where that is not shown.
        margin: What counts as no rise.
    """

    shape: Shape
    best: int
    may_be_best: tuple[int, ...]
    stops_from: int
    stops_by: int
    margin: float


def saturation(points: GroupMeans, margin: float) -> Saturation:
    """Describes a curve.

    Args:
        points: The groups along the axis, in order.
        margin: A rise of so much or less counts as none.
    """
    last = len(points.values) - 1
    least, most = points.margins.T, -points.margins  # of the rise from a point to a later one, (points, points)
    may = points.best()
    return Saturation(
        shape=_shape(may, last),
        best=int(points.values.argmax()),
        may_be_best=tuple(may),
        stops_from=next(point for point in range(last + 1) if not (least[point, point + 1 :] > margin).any()),
        stops_by=next(point for point in range(last + 1) if (most[point, point + 1 :] <= margin).all()),
        margin=margin,
    )


def _shape(may: Sequence[int], last: int) -> Shape:
    if 0 not in may and last not in may:
        return "peak"
    if 0 not in may:
        return "rises"
    return "falls" if last not in may else "flat or undecided"
