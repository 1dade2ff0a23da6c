"""Writing the report of a study: the page, its tables as CSV and Parquet, its figures as SVG and PNG."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from inkling.components.artifacts.scores import DIFFERENCES, FORMATS, SVG_NAMESPACE, TABLE, Scores
from inkling.components.compare.config import CompareConfig
from inkling.components.compare.report.content import DONE, RunRow, StudyReport, run_name
from inkling.components.compare.report.page import index_page, study_page
from inkling.components.shared.strict_yaml import read_mapping, write_mapping

INDEX = "index.html"


def report_of(name: str, config: CompareConfig, profile: str, scores: Scores, runs: Sequence[RunRow]) -> StudyReport:
    """What the report of a study says.

    Args:
        name: Name of the study.
        config: What was asked, drawn, tested and compared with.
        profile: The profile of its runs, as YAML text.
        scores: The table of the runs that are done.
        runs: All its runs.
    """
    figures = {path.stem: path.read_text().replace(SVG_NAMESPACE, "") for path in scores.figures()}
    return StudyReport(name, config, profile, scores.scores(), figures, runs, scores.digest)


def write_page(config: CompareConfig, profile: str, scores: Scores, page: str | Path) -> None:
    """Writes the page of runs of which only the table is known, as a task of a pipeline has it.

    Args:
        config: What was asked, drawn, tested and compared with.
        profile: The profile of the runs, as YAML text.
        scores: Their table.
        page: Where it goes.
    """
    runs = [RunRow(run_name(row["labels"]), DONE, None, "") for row in scores.scores()["runs"]]
    settings = {name: section for name, section in read_mapping(profile).items() if name != CompareConfig.stage}
    report = report_of(TABLE, config, write_mapping(settings), scores, runs)
    Path(page).write_text(study_page(report), encoding="utf-8")


def write_report(report: StudyReport, scores: Scores, folder: Path) -> Path:
    """Writes the report into a folder, beside those of other studies, and gives the path of the page.

    Args:
        report: What it says.
        scores: The table that it was made of.
        folder: Where it goes: `NAME.html`, `NAME.csv` and `NAME-differences.csv`, both as Parquet too, and a folder
            `NAME` of figures.
    """
    figures = folder / report.name
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    for path in (*scores.figures(), *(svg.with_suffix(".png") for svg in scores.figures())):
        shutil.copyfile(path, figures / path.name)
    for table, name in ((TABLE, report.name), (DIFFERENCES, f"{report.name}-{DIFFERENCES}")):
        for form in FORMATS:
            (folder / f"{name}{form}").unlink(missing_ok=True)
            if (source := scores.path / f"{table}{form}").exists():
                shutil.copyfile(source, folder / f"{name}{form}")
    page = folder / f"{report.name}.html"
    page.write_text(study_page(report), encoding="utf-8")
    return page


def write_index(reports: Sequence[StudyReport], deciding: Mapping[str, str], folder: Path) -> Path:
    """Writes the page of all studies and gives its path.

    Args:
        reports: The studies that are done.
        deciding: Name of the study that decides each claim of the paper.
        folder: Where it goes.
    """
    page = folder / INDEX
    page.write_text(index_page(reports, deciding), encoding="utf-8")
    return page
