"""Why a source has no training or no held-out text: what was counted on the way, and what helps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.partition import Partition
from inkling.components.corpus.selection import CONTAMINATED, EXACT, NEAR, Mask
from inkling.components.corpus.signatures import FACTS
from inkling.components.shared.config import ConfigError

_REASONS = {EXACT: "as repeats", NEAR: "as near repeats", CONTAMINATED: "for repeating an evaluation question"}
_SPLITS = {"train": "training", "heldout": "held-out"}


@dataclass(frozen=True)
class _Read:
    """What was read of a source.

    Attributes:
        facts: A `FACTS` for each segment.
        kept: Which segments are kept.
        removed: How many were left out, by reason.
        skipped: How many documents could not be used, by reason.
    """

    facts: NDArray[np.void]
    kept: Mask
    removed: Counter[str]
    skipped: Counter[str]

    def of(self, split: str) -> NDArray[np.bool_]:
        """Which segments are of a split."""
        return self.facts["heldout"] == (split == "heldout")

    def documents(self, split: str) -> int:
        """Documents of a split, kept or not."""
        return int((self.facts["first"] & self.of(split)).sum())

    @property
    def beyond(self) -> int:
        """Segments that came after all the words that are wanted."""
        return len(self.facts) - int(self.kept.sum()) - self.removed.total()


def check_splits(
    config: CorpusConfig, partitions: Sequence[Partition], kept: Sequence[Mask], removed: Mapping[str, Counter[str]]
) -> None:
    """Refuses a corpus of which a source would have no text to train on, or none that is held out.

    Args:
        config: The stage's configuration.
        partitions: The units of all sources.
        kept: For each unit which of its segments are kept.
        removed: How many segments of each source were left out, by reason.

    Raises:
        ConfigError: If there is such a source; it says what was read and what became of it.
    """
    for name in config.sources:
        mine = [(part, mask) for part, mask in zip(partitions, kept, strict=True) if part.source == name]
        read = _Read(
            np.concatenate([np.zeros(0, FACTS), *(part.facts() for part, _ in mine)]),
            np.concatenate([np.zeros(0, np.bool_), *(mask for _, mask in mine)]),
            removed.get(name, Counter()),
            sum((part.skipped() for part, _ in mine), Counter()),
        )
        for split, text in _SPLITS.items():
            if not (read.kept & read.of(split)).any():
                found = "; ".join(_found(config, read))
                raise ConfigError(f"source '{name}' has no {text} text: {found}. {_advice(config, read, split)}")


def _found(config: CorpusConfig, read: _Read) -> list[str]:
    """What was read and what became of it, in words."""
    segments, heldout = len(read.facts), read.documents("heldout")
    parts = [
        f"{count:,} of {segments:,} segments were left out {_REASONS[reason]}"
        for reason, count in read.removed.items()
        if count
    ]
    if read.beyond:
        limit = f"corpus.words_per_source ({config.words_per_source:,})"
        parts.append(f"{read.beyond:,} of {segments:,} segments lie beyond {limit}")
    if read.skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(read.skipped.items()))
        parts.append(f"{read.skipped.total():,} texts could not be used ({reasons})")
    chance = f"corpus.heldout is {config.heldout:g}"
    return [*parts, f"{heldout:,} of {read.documents('train') + heldout:,} documents drawn to be held out ({chance})"]


def _advice(config: CorpusConfig, read: _Read, split: str) -> str:
    """What helps."""
    if not len(read.facts):
        return "Give it files with text"
    full = read.facts["words"].sum() >= config.words_per_source
    more = "raise corpus.words_per_source" if full else "give it more documents"
    if read.documents(split):
        return f"To get some, {more if read.beyond else 'give it other text'}"
    return f"To get some, {more}, {'lower' if split == 'train' else 'raise'} corpus.heldout, or take another seed"
