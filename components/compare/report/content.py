"""What the report of a study is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inkling.components.compare.config import CompareConfig

DONE = "done"
"""The state of a run whose questions are all answered."""


def run_name(labels: Mapping[str, str]) -> str:
    """The labels of a run in a line."""
    return ", ".join(f"{axis}={label}" for axis, label in labels.items())


@dataclass(frozen=True)
class RunRow:
    """A run as the report lists it.

    Attributes:
        name: Its labels in a line.
        state: `done`, `to do`, or why it failed.
        seconds: How long it took here; None where that is not known.
        answers: Digest of its answers; empty where it has none.
    """

    name: str
    state: str
    seconds: float | None
    answers: str


@dataclass(frozen=True)
class StudyReport:
    """All that a report says.

    Attributes:
        name: Name of the study.
        config: What was asked, drawn, tested and compared with.
        profile: The profile of its runs, as YAML text.
        scores: The content of `scores.json`.
        figures: The figures as SVG, by name.
        runs: Its runs.
        digest: Digest of the table's artifact.
    """

    name: str
    config: CompareConfig
    profile: str
    scores: Mapping[str, Any]
    figures: Mapping[str, str]
    runs: Sequence[RunRow]
    digest: str

    @property
    def done(self) -> int:
        """Runs that are done."""
        return sum(run.state == DONE for run in self.runs)

    @property
    def seeds(self) -> str:
        """How many seeds a group has, such as `3` or `1 to 3`."""
        counts = sorted({group["seeds"] for group in self.scores["groups"]})
        return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
