"""Runs of words that texts share, as GPT-3's appendix C looks for evaluation questions in training text."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inkling.models.strict_json import to_json

RUN_WORDS, FEWEST_WORDS = 13, 8
"""Words of a run; a question with fewer is one run, down to the fewest, below which common phrases would be found."""
_PLAIN_WORD = re.compile(r"\w+")


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation: what counts when texts are compared."""
    return _PLAIN_WORD.findall(text.lower())


@dataclass(frozen=True)
class Runs:
    """Runs of words that are looked for.

    Attributes:
        runs: Each the words of a run, joined by spaces.
        unchecked: Number of questions that are too short to be looked for.
    """

    runs: frozenset[str] = frozenset()
    unchecked: int = 0
    _lengths: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Notes how long the runs are that begin with a word."""
        lengths: dict[str, set[int]] = {}
        for run in self.runs:
            words = run.split(" ")
            lengths.setdefault(words[0], set()).add(len(words))
        object.__setattr__(self, "_lengths", {word: tuple(sorted(found)) for word, found in lengths.items()})

    def found(self, words: Sequence[str]) -> Iterator[str]:
        """The runs that a text of these plain words holds, as they come."""
        for start, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                if (run := " ".join(words[start : start + length])) in self.runs:
                    yield run

    def within(self, words: Sequence[str]) -> bool:
        """Whether a text of these plain words holds one of the runs."""
        return any(True for _ in self.found(words))

    def write(self, path: Path) -> None:
        """Writes them as JSON."""
        path.write_text(to_json([sorted(self.runs), self.unchecked]))

    @classmethod
    def read(cls, path: Path) -> "Runs":
        """Reads back what `write` wrote."""
        runs, unchecked = json.loads(path.read_text())
        return cls(frozenset(runs), unchecked)


def runs_of(items: Iterable[str], longest: int = RUN_WORDS) -> Runs:
    """The runs of evaluation items, each a question followed by its right answer.

    An item of at least `longest` plain words gives every run of so many; a shorter one, as our templates make them, is
    looked for as a whole, so that only text that holds question and answer together counts as repeating it.
    """
    runs: set[str] = set()
    unchecked = 0
    for item in set(items):
        words = plain_words(item)
        if len(words) < FEWEST_WORDS:
            unchecked += 1
            continue
        length = min(len(words), longest)
        runs.update(" ".join(words[start : start + length]) for start in range(len(words) - length + 1))
    return Runs(frozenset(runs), unchecked)
