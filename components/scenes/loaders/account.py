"""What became of the records of a source: taken, left out as the settings say, or skipped because they are broken."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inkling.components.scenes.loaders.contract import LoaderSpec, RecordError
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.store.artifact import write_json

ACCOUNTS = "skipped.json"
"""The file of the artifact that says what was not taken, and why."""
MOST_SKIPPED = 0.01
"""Part of the records of a source beyond which those that are broken fail the stage."""
_NAMED = 10  # broken records that a message names, at most


class LoadError(ValueError):
    """Files of which too much cannot be used; the message names them and the first records."""


@dataclass(frozen=True)
class Skipped:
    """A record, or a picture of one, that was not taken.

    Attributes:
        place: File and number of the record.
        id: The record's name; empty where it has none.
        reason: What is wrong with it.
    """

    place: str
    id: str
    reason: str

    def line(self) -> str:
        """It as a line for a person."""
        return f"{self.place}{f' (id {self.id})' if self.id else ''}: {self.reason}"


@dataclass
class Account:
    """What became of the records of a source; one record may be about several pictures, each of which counts.

    Attributes:
        files: Names of the files.
        taken: Pictures with their turns, and texts without a picture, that were taken.
        left_out: What the settings leave out, by kind.
        skipped: What is broken.
    """

    files: list[str]
    taken: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)

    def skip(self, spec: LoaderSpec, place: str, name: str, error: RecordError) -> None:
        """Counts what is not taken: as left out if the settings say so, else as broken."""
        if error.fault and spec.leaves_out(error):
            self.left_out[error.fault.replace("_", " ")] += 1
        else:
            self.skipped.append(Skipped(place, name, str(error)))

    def close(self) -> None:
        """Logs what was not taken.

        Raises:
            LoadError: If more than `MOST_SKIPPED` is broken, or nothing was taken.
        """
        name, every = ", ".join(self.files), self.taken + len(self.skipped)
        left_out = ", ".join(f"{count:,} {why}" for why, count in sorted(self.left_out.items()))
        if left_out:
            note(f"{name}: left out {left_out}")
        if not every:
            raise LoadError(f"{name}: nothing is left to learn from" + (f": left out {left_out}" if left_out else ""))
        if not self.skipped:
            return
        told = f"{name}: {len(self.skipped):,} of {every:,} ({len(self.skipped) / every:.1%}) cannot be used"
        if len(self.skipped) > MOST_SKIPPED * every:
            first = "\n".join(one.line() for one in self.skipped[:_NAMED])
            more = f"\nand {len(self.skipped) - _NAMED:,} more" if len(self.skipped) > _NAMED else ""
            raise LoadError(f"{told}; at most {MOST_SKIPPED:.0%} may be skipped:\n{first}{more}")
        note(f"{told} and are skipped; {ACCOUNTS} lists them. The first: {self.skipped[0].line()}")

    def content(self) -> dict[str, Any]:
        """It as JSON."""
        skipped = [vars(one) for one in self.skipped]
        left_out = dict(sorted(self.left_out.items()))
        return {"files": self.files, "taken": self.taken, "left_out": left_out, "skipped": skipped}


def write_accounts(directory: Path, accounts: list[Account]) -> None:
    """Writes what became of the records of each source."""
    write_json(directory / ACCOUNTS, [account.content() for account in accounts])
