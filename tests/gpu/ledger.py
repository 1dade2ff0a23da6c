"""The ledger: a row for each unit that ended, on disk before the next one starts, so that a cut run goes on."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from unit import Row, Sizes


class Ledger:
    """Rows of one set of sizes, in a file of JSON lines that may hold those of others too."""

    def __init__(self, path: Path, sizes: Sizes) -> None:
        """Reads the rows that there are; a line that a cut left unfinished is dropped.

        Args:
            path: The file; it need not exist.
            sizes: The sizes of every part by its name; a part whose sizes change starts anew.
        """
        self._path = path
        self._digests = {part: _digest(settings) for part, settings in sizes.items()}
        self.rows: list[Row] = []
        lines = path.read_text().splitlines() if path.exists() else []
        whole = [line for line in lines if _is_json(line)]
        if len(whole) < len(lines):
            path.write_text("".join(f"{line}\n" for line in whole))
        for line in whole:
            entry = json.loads(line)
            if self._digests.get(entry["part"]) == entry.pop("sizes"):
                self.rows.append(Row(**entry))

    def append(self, row: Row) -> None:
        """Adds a row and waits until the disk has it.

        Raises:
            OSError: If the disk is full; the rows before it are whole.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps({**asdict(row), "sizes": self._digests[row.part]}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.rows.append(row)

    def of(self, part: str) -> list[Row]:
        """The last row of each unit of a part, in the order in which they ended."""
        return list({row.unit: row for row in self.rows if row.part == part}.values())

    def done(self, part: str) -> set[str]:
        """The units of a part that ended well."""
        return {row.unit for row in self.of(part) if not row.failure}


def _digest(sizes: Sizes) -> str:
    """Of what decides a unit's figures; which units there are, and how long they may take, does not."""
    counted = {name: value for name, value in sizes.items() if name not in ("plan", "pace")}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()[:12]


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
