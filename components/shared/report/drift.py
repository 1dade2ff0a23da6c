"""Evidently's comparison of two tables: the drift of every column and its summary, in one file without links."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ColumnDrift:
    """Whether a column is distributed otherwise than in the reference.

    Attributes:
        column: Its name.
        method: The test or distance, as Evidently chose it by the column's kind and size.
        value: Its p-value, or its distance.
        threshold: Where drift begins: below it for a p-value, above it for a distance.
    """

    column: str
    method: str
    value: float
    threshold: float

    @property
    def drifted(self) -> bool:
        """Whether it is beyond the threshold."""
        return self.value < self.threshold if "p_value" in self.method else self.value >= self.threshold


def write_drift_report(
    reference: "pd.DataFrame", current: "pd.DataFrame", numbers: Sequence[str], categories: Sequence[str], path: Path
) -> list[ColumnDrift]:
    """Writes the report and returns the drift of each column; Evidently sends no telemetry.

    Args:
        reference: The table that the other is compared with.
        current: A table of the same columns.
        numbers: Columns of numbers.
        categories: Columns of categories.
        path: Where the HTML goes.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    kinds = DataDefinition(numerical_columns=list(numbers), categorical_columns=list(categories))
    report = Report([DataDriftPreset(), DataSummaryPreset()])
    result = report.run(Dataset.from_pandas(current, kinds), Dataset.from_pandas(reference, kinds))
    path.parent.mkdir(parents=True, exist_ok=True)
    result.save_html(str(path))
    measured = [metric for metric in result.dict()["metrics"] if metric["config"]["type"].endswith(":ValueDrift")]
    return [
        ColumnDrift(
            metric["config"]["column"],
            metric["config"]["method"],
            float(metric["value"]),
            float(metric["config"]["threshold"]),
        )
        for metric in measured
    ]
