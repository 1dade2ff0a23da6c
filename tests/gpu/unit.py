"""A part of the GPU check: units of work, each run once in a process of its own, each leaving one row of figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

Sizes = Mapping[str, Any]
"""The settings of a part, from `sizes.yaml`: one set for an H100, one for the rehearsal on a CPU."""
Figures = dict[str, Any]
"""What a unit found, as JSON values."""
ONE_AT_A_TIME: Mapping[str, int] = {"": 1}
"""The lanes of a part that measures speeds, or bits."""


@dataclass(frozen=True)
class Row:
    """A line of the ledger: a unit that ended.

    Attributes:
        part: Name of its part.
        unit: Its name.
        seconds: How long it took.
        figures: What it found; empty if it failed or was skipped.
        failure: Why it failed, in a line; empty if it did not.
    """

    part: str
    unit: str
    seconds: float
    figures: Figures
    failure: str = ""


@dataclass(frozen=True)
class Unit:
    """Work that is done whole or not at all.

    Attributes:
        name: Unique in its part; with the sizes it is what a continued run knows the unit by.
        seconds: How long it is expected to take on an H100; one that no longer fits the time is left out.
        run: Does the work in a forked process and returns its figures. CUDA is first touched in it.
        needs: Units of the same part that must have left their `output` before.
        output: A file that later units read; a unit whose file is gone runs again where one of those is still to run.
        modules: Packages that it needs beyond those of its part; it is skipped by name where one is missing.
        lane: Units of one lane follow one another, as many beside one another as the part says. They are expected to
            take as much longer or shorter than `seconds` as those of the lane did before.
    """

    name: str
    seconds: float
    run: Callable[[], Figures]
    needs: tuple[str, ...] = ()
    output: Path | None = None
    modules: tuple[str, ...] = ()
    lane: str = ""


class Part(Protocol):
    """One of the four questions that a GPU answers."""

    name: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    """Packages without which the whole part is skipped, by name of import."""
    reads_data: ClassVar[bool]
    """Whether it reads the kit's data."""
    lanes: ClassVar[Mapping[str, int]]
    """How many units of each lane run beside one another, sharing the GPU by slices of time."""

    def units(self, sizes: Sizes, data: Path, work: Path) -> list[Unit]:
        """The units in order of worth.

        Args:
            sizes: The part's settings.
            data: The folder of the kit's data.
            work: A folder of the part's own, on disk, that outlives a cut.
        """

    def tables(self, rows: Sequence[Row]) -> str:
        """The results as Markdown tables, of what there is so far."""
