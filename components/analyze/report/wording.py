"""Numbers as the report prints them, and what an interval allows to be said."""

from collections.abc import Mapping
from typing import Any

from inkling.components.shared.report.numbers import with_interval

Numbers = Mapping[str, Any]  # an estimate of `shared.statistics.intervals` as it stands in findings.json


def percent(share: float) -> str:
    """A share in per cent, one decimal."""
    return f"{100 * share:.1f}"


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * difference:+.1f}"


def points_interval(estimate: Numbers) -> str:
    """A difference with its interval, if it has one."""
    return with_interval(estimate, "+.1f")


def interval(estimate: Numbers) -> str:
    """The interval of a difference in words."""
    if estimate["low"] is None:
        return "without an interval, for all questions are about one image"
    return f"95 % interval {bounds(estimate)}"


def bounds(estimate: Numbers) -> str:
    """The interval of a difference."""
    return f"[{points(estimate['low'])}, {points(estimate['high'])}]"


def probability(p_value: float) -> str:
    """A p-value."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def count(number: float) -> str:
    """A whole number with thousands separated."""
    return f"{number:,.0f}"


def clear(estimate: Numbers) -> bool:
    """Whether the interval excludes zero."""
    return estimate["low"] is not None and bool(estimate["low"] > 0 or estimate["high"] < 0)


def clearly_below(entry: Numbers) -> bool:
    """Whether the whole interval of a source's perplexity lies below the unigram model's."""
    return entry["interval"] is not None and bool(entry["interval"][1] < entry["unigram_perplexity"])


def compared(estimate: Numbers, better: str, worse: str, open_: str) -> str:
    """The one of three statements that the interval of a difference supports.

    Args:
        estimate: The difference.
        better: To be said if all of the interval is above zero.
        worse: To be said if all of it is below.
        open_: To be said if it holds zero, or if there is none.
    """
    if not clear(estimate):
        return open_
    return better if estimate["low"] > 0 else worse
