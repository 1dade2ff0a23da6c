"""The Measurements artifact: what probes have found in a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact, write_json

MEASUREMENTS = "measurements.json"
FEATURES, TOKENS = "image features", "image tokens"
"""The layers that the linear probe reads."""


class Measurements(Artifact):
    """Measurements of a multimodal model, by probe."""

    type: ClassVar[str] = "Measurements"

    def measurements(self) -> dict[str, list[dict[str, Any]]]:
        """For each probe its rows: the fields of `Measurement`."""
        return self.read_json(MEASUREMENTS)


def write_measurements(directory: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Writes the rows of each probe."""
    write_json(directory / MEASUREMENTS, rows)
