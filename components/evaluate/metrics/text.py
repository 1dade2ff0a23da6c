"""What texts have in common for several metrics: plain equality, and numbers in words."""

import math
import re

_SPACES = re.compile(r"\s+")
_NUMBER = re.compile(r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")


def plain(text: str) -> str:
    """A text in lower case, with single spaces, without a full stop at its end."""
    return _SPACES.sub(" ", text).strip().removesuffix(".").rstrip().casefold()


def number(text: str) -> float | None:
    """The number that a whole text writes, such as "1,200", "-3.5" or "7 %" (0.07); None where it writes none."""
    bare = text.strip()
    percent = bare.endswith("%")
    bare = bare.removesuffix("%").strip()
    if not any(character.isdigit() for character in bare) or not _NUMBER.fullmatch(bare):
        return None
    value = float(bare.replace(",", ""))
    if not math.isfinite(value):
        return None
    return value / 100 if percent else value
