"""The Scores artifact: what a study has found, as numbers, as a table and as figures."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.measurements import READ_OFF
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.models.sequence.views import VIEWS

if TYPE_CHECKING:
    from inkling.components.shared.report.figures import Drawing

SCORES, FIGURES = "scores.json", "figures"
TABLE, DIFFERENCES = "scores", "differences"
"""Names of the tables, of groups and of their differences, each as CSV and as Parquet."""
FORMATS = (".csv", ".parquet")
SVG_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
"""What an SVG file needs to be shown alone, and none within a page."""
_UNITS = (
    "nats_per_token", "bits_per_byte", "copy_gain", "nats_after_adaptation", "nats_lost", "alignment", "depth",
)  # fmt: skip
_SEEN = (*VIEWS, "visual_minus_blind", *READ_OFF, "visual_minus_probe")
_TEST = ("p_value", "adjusted")


class Scores(Artifact):
    """The scores of many runs, their means over seeds, and what was tested."""

    type: ClassVar[str] = "Scores"
    schema: ClassVar[int] = 7

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
    """Writes the numbers, the tables of groups and of differences as CSV and Parquet, and the figures as SVG and PNG.

    In the tables shares go from 0 to 1; what was not measured and the ends of intervals that cannot be had are blank.
    A study without contrasts has no table of differences.
    """
    write_json(directory / SCORES, scores)
    (directory / FIGURES).mkdir()
    for name, figure in figures.items():
        alone = figure.svg().replace("<svg", f"<svg{SVG_NAMESPACE}", 1)
        (directory / FIGURES / f"{name}.svg").write_text(alone + "\n")
        (directory / FIGURES / f"{name}.png").write_bytes(figure.png())
    _write_table(directory / TABLE, list(_groups(scores)))
    if scores["contrasts"]:
        _write_table(directory / DIFFERENCES, list(_differences(scores)))


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.with_suffix(FORMATS[0]).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow(_text(cell) for cell in row.values())
    pq.write_table(pa.Table.from_pylist(list(rows)), path.with_suffix(FORMATS[1]), compression="zstd")


def _groups(scores: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a group and part of a suite: its labels, then each measure with the ends of its interval."""
    for group in scores["groups"]:
        about = {"seeds": group["seeds"], "parameters": group["parameters"]}
        for part, measures in _parts(group):
            yield {**group["labels"], **about, **part, **_numbers(measures)}


def _differences(scores: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a contrast and part of a suite: what is compared, then each measure with its interval and p-values."""
    for contrast in scores["contrasts"]:
        label, base = contrast.get("between", ("", ""))
        compared = {name: contrast[name] for name in ("axis", "first", "second")} | {"at": label, "less_at": base}
        where = ", ".join(f"{axis}={label}" for axis, label in contrast["where"].items())
        for part, measures in _parts(contrast):
            yield {**compared, "where": where, "seeds": contrast["seeds"], **part, **_numbers(measures, _TEST)}


def _parts(row: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Each suite's headline mean with what was measured beside it, its categories and its families."""
    for suite, found in row["suites"].items():
        yield {"suite": suite, "category": "", "family": ""}, {**found, **row["heldout"]}
        for kind, key in (("category", "categories"), ("family", "families")):
            for name, measures in found.get(key, {}).items():
                yield {"suite": suite, "category": "", "family": "", kind: name}, measures


def _numbers(measures: Mapping[str, Any], tests: Sequence[str] = ()) -> dict[str, Any]:
    return {
        f"{name}{end}": measures.get(name, {}).get(key)
        for name in (*_SEEN, *_UNITS)
        for end, key in (("", "value"), ("_low", "low"), ("_high", "high"), *((f"_{test}", test) for test in tests))
    }


def _text(cell: str | float | None) -> str:
    return "" if cell is None else f"{cell:.6f}" if isinstance(cell, float) else str(cell)
