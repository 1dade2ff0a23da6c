"""The Findings artifact: every number of a run, and the report that shows them."""

from pathlib import Path
from typing import Any, ClassVar

from inkling.components.shared.store.artifact import Artifact, write_json

FINDINGS, REPORT, ANSWERS = "findings.json", "report.html", "answers.html"


class Findings(Artifact):
    """What a run found out."""

    type: ClassVar[str] = "Findings"

    @property
    def report(self) -> Path:
        """The report: one HTML file that needs nothing else."""
        return self.path / REPORT

    @property
    def browser(self) -> Path:
        """Every question with its image, options and answers: one HTML file that needs nothing else."""
        return self.path / ANSWERS

    def findings(self) -> dict[str, Any]:
        """Every number of the run."""
        return self.read_json(FINDINGS)


def write_findings(directory: Path, findings: dict[str, Any], report: str, browser: str) -> None:
    """Writes the numbers, the report and the page to browse."""
    write_json(directory / FINDINGS, findings)
    (directory / REPORT).write_text(report, encoding="utf-8")
    (directory / ANSWERS).write_text(browser, encoding="utf-8")
