"""Estimates as text: a value with its interval, or alone where no interval can be had."""

from collections.abc import Mapping
from typing import Any


def with_interval(estimate: Mapping[str, Any], form: str = ".1f", scale: float = 100.0) -> str:
    """A value with its interval, such as `61.3 [58.0, 64.4]`.

    Args:
        estimate: `value`, `low` and `high`; without an interval the last two are None.
        form: How a number is written, as in a format string.
        scale: What each number is multiplied by; 100 for shares in per cent.
    """
    value = f"{scale * estimate['value']:{form}}"
    if estimate["low"] is None:
        return value
    return f"{value} [{scale * estimate['low']:{form}}, {scale * estimate['high']:{form}}]"


def measured(row: Mapping[str, Any], shares: bool) -> str:
    """What a probe measured, with its interval: a share in per cent, another number with four digits."""
    return with_interval(row) if shares else with_interval(row, ".4g", 1.0)


def null(row: Mapping[str, Any], shares: bool) -> str:
    """The middle 95 % of what it would be if there were nothing to find."""
    low, high = row["null_low"], row["null_high"]
    return f"{100 * low:.1f} to {100 * high:.1f}" if shares else f"{low:.4g} to {high:.4g}"
