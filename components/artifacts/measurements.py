"""The Measurements artifact: what probes have found in a model."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact, write_json

MEASUREMENTS, SHOWN = "measurements.json", "shown.json"
LINEAR, WORD_MATCH = "linear", "word_match"
FEATURES, TOKENS = "image features", "image tokens"
MEAN_FEATURES, MEAN_TOKENS = f"{FEATURES}, mean of places", f"{TOKENS}, mean of places"
"""The layers that the linear probe reads: at all their places at once, and averaged over them."""
READ_OFF = {"probe_features": FEATURES, "probe_tokens": TOKENS}
"""What a study calls what the linear probe reads off each layer."""
ALIGNMENT, ALL_LAYERS, ALL_ENCODERS = "alignment", "mean of layers", "mean of encoders"
"""The probe whose mean over layers, and over encoders where it reads several, a study compares."""


@dataclass(frozen=True)
class Shown:
    """What a run's report shows of a probe.

    Attributes:
        title: The heading.
        about: What the numbers are.
        counted: What a row's `count` counts.
        shares: Whether the numbers are shares.
        rows: The fields of `Measurement`; none where the report shows nothing of it.
    """

    title: str
    about: str
    counted: str
    shares: bool
    rows: Sequence[Mapping[str, Any]]


class Measurements(Artifact):
    """Measurements of a multimodal model, by probe."""

    type: ClassVar[str] = "Measurements"
    schema: ClassVar[int] = 2

    def measurements(self) -> dict[str, list[dict[str, Any]]]:
        """For each probe its rows: the fields of `Measurement`."""
        return self.read_json(MEASUREMENTS)

    def shown(self) -> dict[str, Shown]:
        """What a report shows, by probe; those of which it shows nothing are left out."""
        return {name: Shown(**found) for name, found in self.read_json(SHOWN).items() if found["rows"]}

    def alignment(self) -> tuple[float, ...]:
        """What each pair of a caption and its picture shares, over all layers and encoders; empty if not measured."""
        rows = [row for row in self.measurements().get(ALIGNMENT, []) if row["layer"] == ALL_LAYERS]
        chosen = [row for row in rows if row["name"] == ALL_ENCODERS] or rows
        return tuple(chosen[0]["details"]["shares"]) if chosen else ()

    def read_off(self, layer: str) -> dict[tuple[str, str], bool]:
        """Whether the linear probe of a layer answers each question rightly, by suite and identity; empty without."""
        rows = [row for row in self.measurements().get(LINEAR, []) if row["layer"] == layer]
        return {(row["suite"], name): right for row in rows for name, right in row["details"]["right"].items()}


def write_measurements(
    directory: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], shown: Mapping[str, Shown]
) -> None:
    """Writes the rows of each probe, and what a report shows of it."""
    write_json(directory / MEASUREMENTS, rows)
    write_json(directory / SHOWN, {name: dataclasses.asdict(found) for name, found in shown.items()})
