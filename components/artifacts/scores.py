"""The Scores artifact: what a study has found, as numbers, as a table and as figures."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.models.sequence.views import VIEWS

SCORES, TABLE, FIGURES = "scores.json", "scores.csv", "figures"
_UNITS = ("nats_per_token", "bits_per_byte", "copy_gain")


class Scores(Artifact):
    """The scores of many runs, their means over seeds, and what was tested."""

    type: ClassVar[str] = "Scores"
    schema: ClassVar[int] = 4

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


def write_scores(directory: Path, scores: Mapping[str, Any], figures: Mapping[str, str]) -> None:
    """Writes the numbers, the table of the groups and the figures by name, as SVG.

    In the table shares go from 0 to 1; what was not measured and the ends of intervals that cannot be had are blank.
    """
    write_json(directory / SCORES, scores)
    (directory / FIGURES).mkdir()
    for name, figure in figures.items():
        (directory / FIGURES / f"{name}.svg").write_text(figure + "\n")
    with (directory / TABLE).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        axes = list(scores["groups"][0]["labels"])
        names = [f"{name}{end}" for name in (*VIEWS, *_UNITS) for end in ("", "_low", "_high")]
        writer.writerow([*axes, "seeds", "parameters", "suite", *names])
        for group in scores["groups"]:
            for suite, measures in group["suites"].items():
                estimates = [*(measures[view] for view in VIEWS), *(group["heldout"].get(unit, {}) for unit in _UNITS)]
                numbers = [estimate.get(key) for estimate in estimates for key in ("value", "low", "high")]
                cells = ["" if number is None else f"{number:.6f}" for number in numbers]
                labels = [group["labels"][axis] for axis in axes]
                writer.writerow([*labels, group["seeds"], group["parameters"], suite, *cells])
