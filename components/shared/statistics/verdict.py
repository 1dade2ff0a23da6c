"""Whether a claim of several parts is supported, contradicted or left open, by a rule whose errors are bounded.

A part says that an effect is above 0. It is supported where that is shown, contradicted where the effect is shown to be
below a margin: too small to matter, or the other way. A claim is supported where all of its parts are, each at the
stated level, which then bounds the error of the whole (Berger 1982, intersection-union tests). It is contradicted where
one part is, at the level divided by the number of parts (Bonferroni). Of an effect of 0 or less a claim is supported no
more often than the level says, of effects of the margin or more contradicted no more often. All else is undecided.
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from inkling.components.shared.statistics.crossed import CrossedMean

Verdict = Literal["supported", "contradicted", "undecided"]
LEVEL = 0.025
"""One-sided level at which a claim is supported wrongly, and at which it is contradicted wrongly."""


def judged(above: Sequence[float], below: Sequence[float], level: float = LEVEL) -> tuple[Verdict, tuple[Verdict, ...]]:
    """The verdict of a claim and of its parts.

    Args:
        above: One-sided p-value of each part's effect being above 0.
        below: One-sided p-value of its being below the margin.
        level: One-sided level.
    """
    found: tuple[Verdict, ...] = tuple(
        "supported" if up <= level else "contradicted" if down <= level / len(above) else "undecided"
        for up, down in zip(above, below, strict=True)
    )
    if "contradicted" in found:
        return "contradicted", found
    return ("supported" if found and set(found) == {"supported"} else "undecided"), found


def one_sided(effect: CrossedMean, margin: float) -> tuple[float, float]:
    """One-sided p-values of an effect above 0 and of one below the margin; 1 of one seed, which says nothing of others.

    Args:
        effect: The effect of a part.
        margin: Effect that matters, above 0.
    """
    return _above(effect), _above(dataclasses.replace(effect, value=margin - effect.value))


def _above(part: CrossedMean) -> float:
    if part.freedom <= 0:
        return 1.0
    return part.p_value / 2 if part.value > 0 else 1 - part.p_value / 2
