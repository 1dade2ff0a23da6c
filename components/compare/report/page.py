"""The pages: one of a study, and one of all studies."""

from collections.abc import Mapping, Sequence

from inkling.components.compare.report.claims_section import claims_section
from inkling.components.compare.report.content import StudyReport
from inkling.components.compare.report.drawings import figures_section
from inkling.components.compare.report.findings import findings_section
from inkling.components.compare.report.sections import (
    header,
    limits_section,
    published_section,
    runs_section,
    summary,
)
from inkling.components.compare.report.tables import tables_section
from inkling.components.shared.report.html import Html, element, page, paragraph


def study_page(report: StudyReport) -> str:
    """The report of a study as one HTML document that refers to nothing outside itself."""
    sections = {
        "figures": ("Figures", figures_section(report)),
        "findings": ("What follows", findings_section(report)),
        "tables": ("Tables", tables_section(report)),
        **({"paper": ("The paper", published_section(report))} if report.config.published else {}),
        "limits": ("Limits", limits_section(report)),
        "runs": ("Runs", runs_section(report)),
    }
    return page(
        f"Inkling: {report.config.title}",
        element("a", "Skip to the figures", href="#figures", class_="skip"),
        header(report),
        element("main", _contents({name: title for name, (title, _) in sections.items()}), *_parts(sections)),
        _footer(
            f"Every mean stands, unrounded, in the table {report.name} beside this page and every difference in that "
            "of differences, as CSV and as Parquet."
        ),
    )


def index_page(reports: Sequence[StudyReport], deciding: Mapping[str, str]) -> str:
    """What all studies have found so far: the paper's claims, then a part a study.

    Args:
        reports: The studies that are done.
        deciding: Name of the study that decides each claim of the paper.
    """
    return page(
        "Inkling: studies",
        element(
            "header",
            paragraph("Inkling", class_="mark"),
            element("h1", "What the studies have found"),
            paragraph(
                f"{len(reports)} studies, {sum(report.done for report in reports)} runs. Each has a report of its own, "
                "with all tables, the paper's numbers and what it cannot say."
            ),
        ),
        element(
            "main",
            _contents({"claims": "The paper's claims", **{report.name: report.config.title for report in reports}}),
            claims_section(reports, deciding),
            *(summary(report) for report in reports),
        ),
        _footer("Intervals are 95 % over seeds and questions."),
    )


def _contents(titles: dict[str, str]) -> Html:
    links = [element("li", element("a", title, href=f"#{name}")) for name, title in titles.items()]
    return element("nav", element("ul", *links), aria_label="Contents")


def _parts(sections: dict[str, tuple[str, Html]]) -> list[Html]:
    return [content for _, content in sections.values()]


def _footer(said: str) -> Html:
    return element("footer", paragraph(f"Made by Inkling. {said}"))
