"""Evidently's comparison of two tables: the drift of every column and its summary, in one file without links."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def write_drift_report(
    reference: "pd.DataFrame", current: "pd.DataFrame", numbers: Sequence[str], categories: Sequence[str], path: Path
) -> None:
    """Writes the report; Evidently sends no telemetry.

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
