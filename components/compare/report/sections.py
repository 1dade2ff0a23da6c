"""The parts of a study's report."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from inkling.components.compare.analysis.sentences import LEVEL, claim_name, contrast_name, verdict_sentence
from inkling.components.compare.report.cells import axis_heads, p_value
from inkling.components.compare.report.content import DONE, StudyReport
from inkling.components.compare.report.drawings import first_figure
from inkling.components.shared.report.html import Html, bullets, element, join, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval
from inkling.components.shared.runtime.progress import clock

_OURS, _FEW = "ours", 6


def header(report: StudyReport) -> Html:
    """What was asked, of how many runs, and what came out, first of all."""
    missing = len(report.runs) - report.done
    return element(
        "header",
        paragraph("Inkling, a study", class_="mark"),
        element("h1", report.config.title),
        paragraph(asked(report), class_="lead"),
        paragraph(
            f"{report.done} runs, {report.seeds} seeds a point"
            + (f"; {missing} of the study's {len(report.runs)} runs are not done" if missing else "")
            + ". Intervals are 95 % over seeds and questions, p-values corrected for the contrasts of a suite (Holm)."
        ),
        *(paragraph(verdict_sentence(row), class_="note") for row in report.scores["analysis"]["verdicts"]),
        *outcome(report),
    )


def asked(report: StudyReport) -> str:
    """The question of a study, and where it is from."""
    question, source = report.config.question, report.config.source
    origin = source[:1].upper() + source[1:] if source.startswith(_OURS) else f"After {source}"
    return f"{question[:1].upper()}{question[1:]} {origin}."


def outcome(report: StudyReport) -> list[Html]:
    """The contrasts that the study states, as sentences; of many, those that are shown before the others."""
    said = list(contrast_sentences(report.scores))
    if not said:
        return [paragraph("No contrast of the study can be told from the runs that are done.", class_="note")]
    if len(said) <= _FEW:
        return [bullets(sentence for sentence, _ in said)]
    shown, others = ([sentence for sentence, apart in said if apart is wanted] for wanted in (True, False))
    first = bullets(shown) if shown else paragraph(f"These runs show none of {len(said)} differences.")
    name = f"{len(others)} differences that these runs do not show"
    return [first, element("details", element("summary", name), bullets(others)) if others else Html("")]


def contrast_sentences(scores: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """A sentence for each contrast and suite, on accuracy with the image, and whether the difference is shown."""
    for row in scores["contrasts"]:
        for suite, measures in row["suites"].items():
            estimate = measures["visual"]
            points, apart = with_interval(estimate, "+.1f"), _apart(estimate)
            verdict = "which these runs do not tell from none" if not apart else "the interval leaves out zero"
            tested = f" ({p_value(estimate)})" if p_value(estimate) else ""
            yield (
                f"{contrast_name(row)}: {points} points with the image on {suite}{tested}, "
                f"{verdict if estimate['low'] is not None else 'no interval can be had'}, "
                f"{row['seeds']} seed{'s' if row['seeds'] > 1 else ''}.",
                apart,
            )


def _apart(estimate: Mapping[str, Any]) -> bool:
    """Whether a difference is shown: by its interval, and once it is corrected for the others."""
    adjusted = estimate.get("adjusted", 0.0)
    if estimate["low"] is None or (adjusted is not None and adjusted >= LEVEL):
        return False
    return bool(estimate["low"] > 0 or estimate["high"] < 0)


def published_section(report: StudyReport) -> Html:
    """The paper's numbers as printed."""
    tables = (
        table(
            published.source,
            list(published.columns.values()),
            [[_number(cell) for cell in row] for row in published.rows],
        )
        for published in report.config.published.values()
    )
    return section(
        "paper",
        "The paper's numbers",
        paragraph("As its tables and figures give them; none of them was measured here."),
        *tables,
    )


def _number(cell: str | float | None) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else f"{cell:g}"


def runs_section(report: StudyReport) -> Html:
    """What each run is and what it cost here."""
    known = [run.seconds for run in report.runs if run.seconds is not None and run.state == DONE]
    rows = [
        [run.name, run.state, clock(run.seconds) if run.seconds is not None else "", run.answers[:16]]
        for run in report.runs
    ]
    cost = (
        f"{len(known)} of its runs took {clock(sum(known))} here, what they share counted once."
        if known
        else "How long its runs took is not known: they were made elsewhere, or before."
    )
    return section(
        "runs",
        "Runs and cost",
        paragraph(cost),
        element(
            "details",
            element("summary", f"All {len(rows)} runs"),
            table("Runs", ["run", "state", "took", "digest of its answers"], rows, 2),
        ),
        paragraph("Digest of the table: ", element("code", report.digest[:16])),
        element(
            "details", element("summary", "The profile of its runs"), element("pre", element("code", report.profile))
        ),
    )


def limits_section(report: StudyReport) -> Html:
    """What the study cannot say."""
    return section("limits", "What it cannot say", bullets([*report.config.limits, *_limits_of_runs(report)]))


def _limits_of_runs(report: StudyReport) -> Iterable[str]:
    seeds = [group["seeds"] for group in report.scores["groups"]]
    if min(seeds) < 2:
        yield "Where a point has one seed, its interval covers the choice of questions and not the chances of training."
    if report.done < len(report.runs):
        yield f"{len(report.runs) - report.done} of its {len(report.runs)} runs are not done."
    for axis, labels in report.scores["axes"].items():
        done = {run["labels"].get(axis) for run in report.scores["runs"]}
        if missing := [label for label in labels if label not in done]:
            yield f"No run is done of {axis_heads([axis])[0]} {', '.join(missing)}."
    decided = [row["claim"] for row in report.scores["analysis"]["verdicts"]]
    for name in report.config.claims:
        if name not in decided:
            yield f"{claim_name(name)} of the paper is not decided yet: not all runs are done that its rule asks for."
    largest = max(group["parameters"] for group in report.scores["groups"])
    yield f"Its largest language model has {largest:,} parameters; of larger ones these runs say nothing."


def summary(report: StudyReport) -> Html:
    """A study in the page of all: question, first figure and contrasts."""
    return section(
        report.name,
        report.config.title,
        paragraph(asked(report)),
        paragraph(f"{report.done} of {len(report.runs)} runs, {report.seeds} seeds a point."),
        join(*outcome(report)),
        first_figure(report),
        paragraph(element("a", "The whole report", href=f"{report.name}.html")),
    )
