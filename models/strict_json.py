"""JSON as every reader takes it: text is written here only, and a number that is not finite is refused by its place.

Python writes NaN and Infinity where JSON has neither; browsers, jq and most languages then refuse the whole file.
"""

import json
import math
from collections.abc import Iterator
from typing import Any


def to_json(value: Any, **layout: Any) -> str:
    """A value as JSON text.

    Args:
        value: What is written.
        **layout: `indent`, `sort_keys`, `separators` or `ensure_ascii`, as `json.dumps` takes them.

    Raises:
        ValueError: If a number in it is not finite; it names the number's place.
    """
    if place := next(_not_finite(value, ""), None):
        raise ValueError(f"{place}: JSON has no such number; what cannot be had is null")
    return json.dumps(value, allow_nan=False, **layout)


def _not_finite(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, float):
        if not math.isfinite(value):
            yield f"{place or 'the value'} is {value}"
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _not_finite(entry, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            yield from _not_finite(entry, f"{place}[{number}]")
