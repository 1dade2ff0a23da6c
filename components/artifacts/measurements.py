"""The Measurements artifact: what probes have found in a model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact

MEASUREMENTS = "measurements.json"


class Measurements(Artifact):
    """Measurements of a multimodal model, by probe."""

    type: ClassVar[str] = "Measurements"

    def measurements(self) -> dict[str, list[dict[str, Any]]]:
        """For each probe its rows: `name`, `value`, `low`, `high`, `null_low`, `null_high`, `count`, `images`."""
        rows: dict[str, list[dict[str, Any]]] = json.loads((self.path / MEASUREMENTS).read_text())
        return rows


def write_measurements(directory: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Writes the rows of each probe."""
    (directory / MEASUREMENTS).write_text(json.dumps(rows, indent=2, allow_nan=False) + "\n")
