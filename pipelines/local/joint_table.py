"""One table and report of a study of what several pipelines have left, on this machine."""

from collections.abc import Sequence
from pathlib import Path

from inkling.components.artifacts.scores import Scores
from inkling.components.compare.build import build_compare
from inkling.components.compare.config import CompareConfig
from inkling.components.compare.report.content import DONE, RunRow, StudyReport
from inkling.components.compare.report.export import report_of
from inkling.components.shared.config import ConfigError
from inkling.pipelines.local.run import home, use_store
from inkling.pipelines.study.plan import StudyPlan

_TO_DO = "in none of the tables"


def joint_report(plan: StudyPlan, profile: str, name: str, parts: Sequence[str]) -> tuple[StudyReport, Scores, Path]:
    """Compares the runs of several pipelines of a study, and gives report, table and the study's folder.

    Args:
        plan: The planned study.
        profile: The checked profile, as YAML text.
        name: Name of the study, for its folder.
        parts: Folders of the artifacts `run_scores` of the pipelines.

    Raises:
        ConfigError: If one is no folder of this machine.
        ArtifactError: If an artifact is not what was written, two runs are the same or are of different studies.
    """
    for part in parts:
        if not Path(part).is_dir():
            raise ConfigError(
                f"--from {part}: there is no such folder here; name the folder to which the artifact run_scores of a "
                "pipeline was fetched, or let the cluster make the table with --endpoint"
            )
    use_store()
    folder = home() / "studies" / name
    scores = build_compare(CompareConfig.parse(plan.profile), parts, folder / "joint" / "scores")
    there = [row["labels"] for row in scores.scores()["runs"]]
    rows = [RunRow(run.name, DONE if run.labels in there else _TO_DO, None, "") for run in plan.runs()]
    return report_of(name, plan.study.comparison(), profile, scores, rows), scores, folder
