"""The registry of labellers."""

from collections.abc import Callable, Sequence

from inkling.components.artifacts.labels import Flags
from inkling.components.label.lexicon import Lexicon

Labeller = Callable[[Sequence[str]], Flags]
"""Turns texts into flags, (texts, 6) in the order of `LABELS`; each text is judged on its own."""

LABELLERS: dict[str, Callable[[], Labeller]] = {"lexicon": Lexicon.load}
