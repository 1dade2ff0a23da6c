"""How long an explanation is, in words and in different sentences."""

import re

_WORD = re.compile(r"\w[\w'\u2019-]*")
_SENTENCE = re.compile(r"(?<=[.!?;:\u3002])\s+|\n+")


def words(text: str) -> int:
    """Words of an explanation: its depth (LSBS section 4.4: mean length)."""
    return len(_WORD.findall(text))


def sentences(text: str) -> int:
    """Different sentences of an explanation that have a word, so that what is said again counts once."""
    found = (" ".join(_WORD.findall(one.casefold())) for one in _SENTENCE.split(text))
    return len({one for one in found if one})
