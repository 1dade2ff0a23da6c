"""The parts of a study's report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from inkling.components.compare.analysis.sentences import LEVEL, claim_name, contrast_name, verdict_sentence
from inkling.components.compare.config import LOSSES, MEASURED, PROBED, FigureConfig
from inkling.components.compare.report.content import DONE, StudyReport
from inkling.components.shared.report.html import Html, bullets, element, figure, join, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval
from inkling.components.shared.runtime.progress import clock
from inkling.models.sequence.views import SERVED_VIEWS

_UNITS = (*LOSSES, *MEASURED)
_OURS, _FEW = "ours", 6
_MEASURES = (*SERVED_VIEWS, "mismatched", "visual_minus_blind", *PROBED)
_HEADS = {
    "visual": "with the image",
    "blind": "without",
    "mismatched": "another image",
    "visual_minus_blind": "with minus without",
    "nats_per_token": "nats per token",
    "bits_per_byte": "bits per byte",
    "copy_gain": "saved on a copy",
    "nats_after_adaptation": "nats per token after adaptation",
    "nats_lost": "lost by adaptation",
    "alignment": "alignment",
    "depth": "words of an explanation",
    "probe_features": "probe of image features",
    "probe_tokens": "probe of image tokens",
    "visual_minus_probe": "with minus probe of features",
}


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
    """A sentence a contrast and suite, on right answers with the image; and whether the two are told apart."""
    for row in scores["contrasts"]:
        for suite, measures in row["suites"].items():
            estimate = measures["visual"]
            points, apart = with_interval(estimate, "+.1f"), _apart(estimate)
            verdict = "which these runs do not tell from none" if not apart else "the interval leaves out zero"
            yield (
                f"{contrast_name(row)}: {points} points with the image on {suite}{_p_value(estimate)}, "
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


def _p_value(estimate: Mapping[str, Any]) -> str:
    adjusted = estimate.get("adjusted")
    return "" if adjusted is None else f" (p {adjusted:.3f})" if adjusted >= 0.001 else " (p < 0.001)"


def figures_section(report: StudyReport) -> Html:
    """The figures, each with its numbers as a table below it."""
    drawings = []
    for name, stated in report.config.figures.items():
        if name in report.figures:
            drawings += [
                element("h3", stated.title),
                figure(
                    report.figures[name], f"{stated.title}. The numbers stand in the table below.", _caption(stated)
                ),
                element("details", element("summary", "The numbers of this figure"), _figure_table(report, stated)),
            ]
    return section("figures", "Figures", *drawings)


def _caption(stated: FigureConfig) -> str:
    paper = (
        f" Beside it, on a scale of its own: {stated.paper.measure} ({stated.paper.source})." if stated.paper else ""
    )
    scored = [measure for measure in stated.measure if measure not in _UNITS]
    chance = " The dotted line is chance." if scored and not stated.category else ""
    return f"Means over seeds with 95 % intervals over seeds and questions or documents.{chance}{paper}"


def _figure_table(report: StudyReport, stated: FigureConfig) -> Html:
    axes = [axis for axis in (stated.x, stated.series) if axis]
    paper = (
        {tuple(row.labels.get(axis, "") for axis in axes): row.value for row in stated.paper.rows}
        if stated.paper
        else {}
    )
    suite = stated.suite or next(iter(report.scores["suites"]))
    ours = {
        tuple(group["labels"][axis] for axis in axes): group
        for group in report.scores["groups"]
        if all(group["labels"].get(axis) == label for axis, label in stated.where.items())
    }
    order = [report.scores["axes"].get(axis, []) for axis in axes]
    places = sorted(dict.fromkeys([*ours, *paper]), key=lambda place: _place_in(order, place))
    rows = []
    for place in places:
        cells = [
            _cell(ours[place], suite, stated.category, measure) if place in ours else "" for measure in stated.measure
        ]
        number = [f"{paper[place]:g}" if place in paper else ""] if stated.paper else []
        rows.append([*place, *cells, *number])
    heads = [*axes, *(_HEADS[measure] for measure in stated.measure), *([stated.paper.source] if stated.paper else [])]
    return table(stated.title, heads, rows, len(axes))


def _place_in(order: Sequence[Sequence[str]], place: Sequence[str]) -> tuple[int, ...]:
    """Where labels stand in the order of the study, the last axis first; those that only the paper has come last."""
    known = [
        labels.index(label) if label in labels else len(labels) for labels, label in zip(order, place, strict=True)
    ]
    return tuple(reversed(known))


def _cell(row: Mapping[str, Any], suite: str, category: str | None, measure: str) -> str:
    if measure in _UNITS:
        return with_interval(row["heldout"][measure], ".3f", 1) if measure in row["heldout"] else ""
    found = row["suites"][suite]
    found = found["categories"].get(category, {}) if category else found
    return with_interval(found[measure]) if measure in found else ""


def tables_section(report: StudyReport) -> Html:
    """Every group by suite, by category and on held-out text; every contrast."""
    groups = report.scores["groups"]
    axes = list(groups[0]["labels"])
    parts: list[str] = []
    for suite, about in report.scores["suites"].items():
        caption = (
            f"Right answers on {suite}, per cent: {about['questions']:,} questions on {about['images']:,} images, "
            f"chance {100 * about['chance']:.0f}"
        )
        measures = [one for one in _MEASURES if one in groups[0]["suites"][suite]]
        rows = [
            [*group["labels"].values(), f"{group['seeds']}", *(_cell(group, suite, None, one) for one in measures)]
            for group in groups
        ]
        parts.append(table(caption, [*axes, "seeds", *(_HEADS[one] for one in measures)], rows, len(axes)))
        categories = list(groups[0]["suites"][suite]["categories"])
        rows = [
            [*group["labels"].values(), *(_cell(group, suite, one, "visual") for one in categories)] for group in groups
        ]
        by_category = table(f"With the image on {suite}, by category, per cent", [*axes, *categories], rows, len(axes))
        parts.append(element("details", element("summary", f"{suite} by category"), by_category))
        parts += _family_tables(suite, groups)
    units = [unit for unit in _UNITS if any(unit in group["heldout"] for group in groups)]
    rows = [
        [*group["labels"].values(), f"{group['parameters']:,}", *(_cell(group, "", None, unit) for unit in units)]
        for group in groups
    ]
    parts.append(table("Held-out text", [*axes, "parameters", *(_HEADS[unit] for unit in units)], rows, len(axes)))
    parts += _contrast_tables(report)
    return section("tables", "Tables", *parts)


def _family_tables(suite: str, groups: Sequence[Mapping[str, Any]]) -> Iterator[Html]:
    """Every group by family of questions, with the image and as a linear probe answers; none of a suite without any."""
    first = groups[0]["suites"][suite]["families"]
    if not first:
        return
    axes = list(groups[0]["labels"])
    measures = [one for one in ("visual", "visual_minus_blind", *PROBED) if any(one in few for few in first.values())]
    shown = []
    for measure in measures:
        heads = [f"{family} ({found['visual']['questions']:,})" for family, found in first.items()]
        rows = [
            [*group["labels"].values(), *(_family_cell(group, suite, family, measure) for family in first)]
            for group in groups
        ]
        caption = f"By family of questions (their number) on {suite}, {_HEADS[measure]}, per cent"
        shown.append(table(caption, [*axes, *heads], rows, len(axes)))
    yield element("details", element("summary", f"{suite} by family of questions"), *shown)


def _family_cell(group: Mapping[str, Any], suite: str, family: str, measure: str) -> str:
    found = group["suites"][suite]["families"][family].get(measure)
    return with_interval(found) if found else ""


def _contrast_tables(report: StudyReport) -> Iterator[Html]:
    rows = report.scores["contrasts"]
    units = [unit for unit in LOSSES if any(unit in row["heldout"] for row in rows)]
    if units:
        cells = [
            [f"{row['axis']}: {contrast_name(row)}", f"{row['seeds']}", *(_loss(row, unit) for unit in units)]
            for row in rows
        ]
        heads = ["contrast", "seeds", *(_HEADS[unit] for unit in units)]
        yield table("Differences on held-out text: the first minus the second, seed by seed", heads, cells)
    for suite in report.scores["suites"] if rows else ():
        measures = [one for one in _MEASURES if one in rows[0]["suites"][suite]]
        cells = [
            [
                f"{row['axis']}: {contrast_name(row)}",
                f"{row['seeds']}",
                *(f"{with_interval(row['suites'][suite][one], '+.1f')}" for one in measures),
                _p_value(row["suites"][suite]["visual"]).strip(" ()"),
            ]
            for row in rows
        ]
        heads = ["contrast", "seeds", *(_HEADS[one] for one in measures), "p with the image"]
        yield table(f"Differences on {suite}, points: the first minus the second, seed by seed", heads, cells)


def _loss(row: Mapping[str, Any], unit: str) -> str:
    return with_interval(row["heldout"][unit], "+.3f", 1) if unit in row["heldout"] else ""


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
            yield f"No run is done of {axis} {', '.join(missing)}."
    decided = [row["claim"] for row in report.scores["analysis"]["verdicts"]]
    for name in report.config.claims:
        if name not in decided:
            yield f"{claim_name(name)} of the paper is not decided yet: not all runs are done that its rule asks for."
    largest = max(group["parameters"] for group in report.scores["groups"])
    yield f"Its largest language model has {largest:,} parameters; of larger ones these runs say nothing."


def summary(report: StudyReport) -> Html:
    """A study in the page of all: question, first figure and contrasts."""
    first = next(iter(report.figures.items()), None)
    drawing = (
        figure(first[1], report.config.figures[first[0]].title, _caption(report.config.figures[first[0]]))
        if first
        else ""
    )
    return section(
        report.name,
        report.config.title,
        paragraph(asked(report)),
        paragraph(f"{report.done} of {len(report.runs)} runs, {report.seeds} seeds a point."),
        join(*outcome(report)),
        drawing,
        paragraph(element("a", "The whole report", href=f"{report.name}.html")),
    )
