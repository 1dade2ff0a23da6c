r"""What a Python str can hold and UTF-8 cannot: halves of characters (surrogates).

They come out of JSON's and YAML's escapes (`\ud83d` without its pair) and of arguments and file names that are not
UTF-8. No artifact, key, table or request can hold them, so that whatever reads such a source asks here.
"""

import re
from collections.abc import Mapping
from typing import Any

from inkling.models.settings import ConfigError

_HALF = re.compile("[\ud800-\udfff]")
_BYTES = range(0xDC80, 0xDD00)  # what Python reads a byte as that is no UTF-8
_QUOTED = 80  # characters that a refusal quotes


def is_text(value: str) -> bool:
    """Whether a str can be written as UTF-8."""
    return value.isascii() or _HALF.search(value) is None


def printable(value: str) -> str:
    r"""A str with what is no character written out: a byte as `\xe9`, half a character as `\ud83d`."""
    return value if is_text(value) else _HALF.sub(_escaped, value)


def require_text(value: Any, place: str) -> None:
    """Refuses a value that holds, at any depth, a str that cannot be written as UTF-8.

    Args:
        value: A str, a list or mapping of values, or anything else, which is passed over.
        place: Where it stands: a file and its line, a setting.

    Raises:
        ConfigError: If it does; the message names the place.
    """
    if isinstance(value, str):
        if found := None if is_text(value) else _HALF.search(value):
            start = max(0, found.start() - _QUOTED // 2)
            raise ConfigError(
                f"{place}: '{printable(value[start : start + _QUOTED])}' holds {printable(found[0])}, which is no "
                "character: write it in UTF-8"
            )
    elif isinstance(value, Mapping):
        for key, one in value.items():
            require_text(key, place)
            require_text(one, f"{place}, {key}")
    elif isinstance(value, list | tuple):
        for one in value:
            require_text(one, place)


def _escaped(half: "re.Match[str]") -> str:
    code = ord(half[0])
    return f"\\x{code - 0xDC00:02x}" if code in _BYTES else f"\\u{code:04x}"
