"""The paper's findings and hypotheses, one after the other: what the studies that are done say of each."""

from collections.abc import Iterator, Mapping, Sequence

from inkling.components.compare.analysis.claims import claims
from inkling.components.compare.analysis.sentences import claim_name, verdict_sentence
from inkling.components.compare.report.content import StudyReport
from inkling.components.shared.report.html import Html, bullets, element, join, paragraph, section

_UNDONE = "not decided here"


def claims_section(reports: Sequence[StudyReport], deciding: Mapping[str, str]) -> Html:
    """Every claim with its verdict, its evidence and the report that holds both.

    Args:
        reports: The studies that are done.
        deciding: Name of the study that decides each claim.
    """
    return section(
        "claims",
        "The paper's claims",
        paragraph(
            "Each is decided by one study, by a rule that stood before its runs: supported where all of its parts are "
            "shown, contradicted where one is shown to be too small to matter or the other way, else undecided."
        ),
        bullets(_claims(reports, deciding)),
    )


def _claims(reports: Sequence[StudyReport], deciding: Mapping[str, str]) -> Iterator[Html]:
    decided = {row["claim"]: (report.name, row) for report in reports for row in report.scores["analysis"]["verdicts"]}
    for name, claim in claims().items():
        if name in decided:
            study, row = decided[name]
            yield join(
                element("strong", f"{row['verdict'].capitalize()}. "),
                f"{verdict_sentence(row)} ",
                element("a", "The report", href=f"{study}.html"),
            )
        else:
            ask = f"; inkling study {deciding[name]} decides it" if name in deciding else ""
            yield join(
                element("strong", f"{_UNDONE.capitalize()}. "),
                f"{claim_name(name)} ({claim.source}){ask}: {claim.statement}",
            )
