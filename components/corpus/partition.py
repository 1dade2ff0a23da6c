"""One unit of a source made ready: its segments on disk, and beside them what the choice among segments needs."""

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.corpus import BATCH, Segment, SegmentWriter
from inkling.components.corpus.collect import Unit, collect
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.lines import EMPTY
from inkling.components.corpus.signatures import FACTS, PERMUTATIONS, Sketches, facts_of, sketches_of
from inkling.components.shared.runtime.partitions import Advance
from inkling.components.shared.word_runs import Runs, plain_words
from inkling.models.strict_json import to_json

RUNS = "runs.json"
_SEGMENTS, _FACTS, _SKETCHES, _SKIPPED = "segments.parquet", "facts.bin", "sketches.bin", "skipped.json"


@dataclass(frozen=True)
class Partition:
    """A unit that is ready.

    Attributes:
        source: Name of the source.
        path: Its directory.
        words: Words of its segments.
    """

    source: str
    path: Path
    words: int

    @property
    def segments(self) -> Path:
        """The segments, a table like the artifact's."""
        return self.path / _SEGMENTS

    def facts(self) -> NDArray[np.void]:
        """A `FACTS` for each segment."""
        return np.fromfile(self.path / _FACTS, FACTS)

    def sketches(self) -> Sketches:
        """The sketch of each segment, [segments, PERMUTATIONS], left on disk until it is touched."""
        path = self.path / _SKETCHES
        if not path.stat().st_size:
            return np.zeros((0, PERMUTATIONS), np.uint32)
        return np.memmap(path, np.uint32, "r").reshape(-1, PERMUTATIONS)

    def skipped(self) -> Counter[str]:
        """How many documents could not be read, by reason."""
        return Counter(json.loads((self.path / _SKIPPED).read_text()))


def make_partition(unit: Unit, advance: Advance, *, config: CorpusConfig, folder: Path) -> Partition:
    """Makes a unit ready, or finds it so from an earlier, killed run.

    Memory is bounded by `BATCH` segments, whatever the unit holds.

    Args:
        unit: The unit.
        advance: Told of the words that are ready.
        config: The stage's configuration.
        folder: Where units that are ready lie, beside the runs of words that no training text may hold.
    """
    path = folder / f"{unit.source}-{unit.number:06d}"
    if path.exists():
        ready = Partition(unit.source, path, 0)
        words = int(ready.facts()["words"].sum())
        advance(words)
        return Partition(unit.source, path, words)
    partial = path.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    words = _write(unit, advance, config, _runs(folder / RUNS), partial)
    partial.rename(path)
    return Partition(unit.source, path, words)


def _write(unit: Unit, advance: Advance, config: CorpusConfig, runs: Runs, path: Path) -> int:
    skipped: Counter[str] = Counter()
    waiting: list[list[Segment]] = []
    total = 0
    with (
        SegmentWriter(path / _SEGMENTS) as writer,
        (path / _FACTS).open("wb") as facts,
        (path / _SKETCHES).open("wb") as sketches,
    ):

        def flush() -> None:
            segments = list(chain.from_iterable(waiting))
            words = [plain_words(segment.text) for segment in segments]
            writer.write(segments)
            facts_of(segments, words, runs).tofile(facts)
            if config.similarity and config.similarity < 1:
                sketches_of(words).tofile(sketches)
            waiting.clear()

        for document in collect(unit, config, skipped):
            if not document:
                skipped[EMPTY] += 1
                continue
            waiting.append(document)
            words = sum(segment.words for segment in document)
            advance(words)
            total += words
            if sum(map(len, waiting)) >= BATCH:
                flush()
        flush()
    (path / _SKIPPED).write_text(to_json(skipped))
    return total


@lru_cache(maxsize=1)
def _runs(path: Path) -> Runs:
    return Runs.read(path)
