"""The Scores artifact: what a study has found, as numbers, as a table and as figures."""

import csv
import json
from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact
from inkling.models.sequence.views import VIEWS

SCORES, TABLE, FIGURE, LOSSES = "scores.json", "scores.csv", "scores.svg", "losses.svg"
_UNITS = ("nats_per_token", "bits_per_byte")


class Scores(Artifact):
    """The scores of many runs and their means over seeds."""

    type: ClassVar[str] = "Scores"
    schema: ClassVar[int] = 2

    def scores(self) -> dict[str, Any]:
        """The numbers.

        `runs`: a row a run; `groups`: a row a recipe and size, with intervals over questions or documents and seeds;
        `sizes`: for each recipe the loss of each size minus that of the next smaller.
        """
        scores: dict[str, Any] = json.loads((self.path / SCORES).read_text())
        return scores


def write_scores(directory: Path, scores: dict[str, Any], figure: str, losses: str) -> None:
    """Writes the numbers, the table of the groups (shares from 0 to 1), and the figures of the scores and losses."""
    (directory / SCORES).write_text(json.dumps(scores, indent=2, allow_nan=False) + "\n")
    (directory / FIGURE).write_text(figure + "\n")
    (directory / LOSSES).write_text(losses + "\n")
    with (directory / TABLE).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [f"{name}{end}" for name in (*VIEWS, *_UNITS) for end in ("", "_low", "_high")]
        writer.writerow(["recipe", "size", "seeds", "parameters", *names])
        for group in scores["groups"]:
            estimates = [*(group["views"][view] for view in VIEWS), *(group["heldout"][unit] for unit in _UNITS)]
            cells = [f"{estimate[key]:.6f}" for estimate in estimates for key in ("value", "low", "high")]
            writer.writerow([group["recipe"], group["size"], group["seeds"], group["parameters"], *cells])
