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
