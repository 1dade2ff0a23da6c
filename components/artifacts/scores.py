"""The Scores artifact: what a study has found, as numbers, as a table and as figures."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.measurements import READ_OFF
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.models.sequence.views import VIEWS

if TYPE_CHECKING:
    from inkling.components.shared.report.figures import Drawing

SCORES, TABLE, PARQUET, FIGURES = "scores.json", "scores.csv", "scores.parquet", "figures"
SVG_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
"""What an SVG file needs to be shown alone, and none within a page."""
_UNITS = ("nats_per_token", "bits_per_byte", "copy_gain", "alignment", "depth")


class Scores(Artifact):
    """The scores of many runs, their means over seeds, and what was tested."""

    type: ClassVar[str] = "Scores"
    schema: ClassVar[int] = 6

    def scores(self) -> dict[str, Any]:
        """The numbers.

        `runs`: a row a run; `groups`: a row for the runs that differ in their seed alone; `contrasts`: differences of
        two groups. Each row has its labels, `suites` (right answers by suite and measure) and `heldout` (losses by
        unit), with intervals over questions or documents and seeds; contrasts have `p_value` and `adjusted`, Holm's.
        `analysis`: what follows, a list a kind, as `components/compare/analysis/` states it.
        """
        return self.read_json(SCORES)

    def figures(self) -> list[Path]:
        """The figures, SVG files named as in the study."""
        return sorted((self.path / FIGURES).glob("*.svg"))


def write_scores(directory: Path, scores: Mapping[str, Any], figures: Mapping[str, "Drawing"]) -> None:
    """Writes the numbers, the table of the groups as CSV and Parquet, and the figures by name as SVG and PNG.

    In the table shares go from 0 to 1; what was not measured and the ends of intervals that cannot be had are blank.
    """
    write_json(directory / SCORES, scores)
    (directory / FIGURES).mkdir()
    for name, figure in figures.items():
        alone = figure.svg().replace("<svg", f"<svg{SVG_NAMESPACE}", 1)
        (directory / FIGURES / f"{name}.svg").write_text(alone + "\n")
        (directory / FIGURES / f"{name}.png").write_bytes(figure.png())
    rows = list(_rows(scores))
    with (directory / TABLE).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow(_text(cell) for cell in row.values())
    pq.write_table(pa.Table.from_pylist(rows), directory / PARQUET, compression="zstd")


def _rows(scores: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a group and suite: its labels, then each measure with the ends of its interval."""
    for group in scores["groups"]:
        for suite, measures in group["suites"].items():
            estimates = {name: measures.get(name, {}) for name in (*VIEWS, *READ_OFF)} | {
                unit: group["heldout"].get(unit, {}) for unit in _UNITS
            }
            numbers = {
                f"{name}{end}": estimate.get(key)
                for name, estimate in estimates.items()
                for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
            }
            about = {"seeds": group["seeds"], "parameters": group["parameters"], "suite": suite}
            yield {**group["labels"], **about, **numbers}


def _text(cell: str | float | None) -> str:
    return "" if cell is None else f"{cell:.6f}" if isinstance(cell, float) else str(cell)
