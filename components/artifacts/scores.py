"""The Scores artifact: what a study has found, as numbers, as a table and as a figure."""

import csv
import json
from pathlib import Path
from typing import Any, ClassVar

from inkling.components.artifacts.artifact import Artifact

SCORES, TABLE, FIGURE = "scores.json", "scores.csv", "scores.svg"
_VIEWS = ("visual", "blind", "mismatched")


class Scores(Artifact):
    """The scores of many runs and their means over seeds."""

    type: ClassVar[str] = "Scores"

    def scores(self) -> dict[str, Any]:
        """`runs`: a row a run; `groups`: a row a recipe and size, with intervals over questions and seeds."""
        scores: dict[str, Any] = json.loads((self.path / SCORES).read_text())
        return scores


def write_scores(directory: Path, scores: dict[str, Any], figure: str) -> None:
    """Writes the numbers, the table of the groups (shares from 0 to 1) and the figure."""
    (directory / SCORES).write_text(json.dumps(scores, indent=2, allow_nan=False) + "\n")
    (directory / FIGURE).write_text(figure + "\n")
    with (directory / TABLE).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["recipe", "size", "seeds", *(f"{view}{end}" for view in _VIEWS for end in ("", "_low", "_high"))]
        )
        for group in scores["groups"]:
            cells = [group["views"][view][key] for view in _VIEWS for key in ("value", "low", "high")]
            writer.writerow([group["recipe"], group["size"], group["seeds"], *(f"{cell:.6f}" for cell in cells)])
