"""The Findings artifact: every number of a run, and the report that shows them."""

from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact, write_json

FINDINGS, REPORT = "findings.json", "report.html"


class Findings(Artifact):
    """What a run found out."""

    type: ClassVar[str] = "Findings"

    @property
    def report(self) -> Path:
        """The report: one HTML file that needs nothing else."""
        return self.path / REPORT

    def findings(self) -> dict[str, Any]:
        """Every number of the run."""
        return self.read_json(FINDINGS)


def write_findings(directory: Path, findings: dict[str, Any], report: str) -> None:
    """Writes the numbers and the report."""
    write_json(directory / FINDINGS, findings)
    (directory / REPORT).write_text(report, encoding="utf-8")
