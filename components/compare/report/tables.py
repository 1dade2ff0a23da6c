"""The tables of a study's report: every group by suite, category and family, on held-out text; every difference."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inkling.components.compare.analysis.sentences import contrast_name
from inkling.components.compare.config import LOSSES, PROBED
from inkling.components.compare.report.cells import HEADS, MEASURES, UNITS, axis_heads, p_value, score_cell
from inkling.components.compare.report.content import StudyReport
from inkling.components.shared.report.html import Html, element, section, table
from inkling.components.shared.report.numbers import with_interval


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
        measures = [one for one in MEASURES if one in groups[0]["suites"][suite]]
        rows = [
            [*group["labels"].values(), f"{group['seeds']}", *(score_cell(group, suite, None, one) for one in measures)]
            for group in groups
        ]
        parts.append(table(caption, [*axis_heads(axes), "seeds", *(HEADS[one] for one in measures)], rows, len(axes)))
        categories = list(groups[0]["suites"][suite]["categories"])
        rows = [
            [*group["labels"].values(), *(score_cell(group, suite, one, "visual") for one in categories)]
            for group in groups
        ]
        by_category = table(
            f"With the image on {suite}, by category, per cent", [*axis_heads(axes), *categories], rows, len(axes)
        )
        parts.append(element("details", element("summary", f"{suite} by category"), by_category))
        parts += _family_tables(suite, groups)
    units = [unit for unit in UNITS if any(unit in group["heldout"] for group in groups)]
    rows = [
        [*group["labels"].values(), f"{group['parameters']:,}", *(score_cell(group, "", None, unit) for unit in units)]
        for group in groups
    ]
    parts.append(
        table("Held-out text", [*axis_heads(axes), "parameters", *(HEADS[unit] for unit in units)], rows, len(axes))
    )
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
        caption = f"By family of questions (their number) on {suite}, {HEADS[measure]}, per cent"
        shown.append(table(caption, [*axis_heads(axes), *heads], rows, len(axes)))
    yield element("details", element("summary", f"{suite} by family of questions"), *shown)


def _family_cell(group: Mapping[str, Any], suite: str, family: str, measure: str) -> str:
    found = group["suites"][suite]["families"][family].get(measure)
    return with_interval(found) if found else ""


def _contrast_tables(report: StudyReport) -> Iterator[Html]:
    rows = report.scores["contrasts"]
    units = [unit for unit in LOSSES if any(unit in row["heldout"] for row in rows)]
    if units:
        cells = [[contrast_name(row), f"{row['seeds']}", *(_loss(row, unit) for unit in units)] for row in rows]
        heads = ["difference", "seeds", *(HEADS[unit] for unit in units)]
        yield table("Differences on held-out text: the first minus the second, seed by seed", heads, cells)
    for suite in report.scores["suites"] if rows else ():
        measures = [one for one in MEASURES if one in rows[0]["suites"][suite]]
        cells = []
        for row in rows:
            seen = row["suites"][suite]["visual"]
            points = (with_interval(row["suites"][suite][one], "+.1f") for one in measures)
            cells.append([contrast_name(row), f"{row['seeds']}", *points, p_value(seen), *_power(seen)])
        heads = [
            "difference", "seeds", *(HEADS[one] for one in measures), "p with the image", "is found if it is", "takes",
        ]  # fmt: skip
        caption = (
            f"Differences on {suite}, points: the first minus the second, seed by seed; which of them so many seeds "
            "find with the image (power 80 %), and how many seeds the one observed takes"
        )
        yield table(caption, heads, cells)


def _power(seen: Mapping[str, Any]) -> list[str]:
    """The smallest difference that these seeds find, and how many seeds find the one observed."""
    if (power := seen.get("power")) is None:
        return ["", ""]
    needed = f"{power['needed']} seeds" if power["needed"] else "more than 200 seeds"
    return [f"{100 * power['smallest']:.1f}", needed]


def _loss(row: Mapping[str, Any], unit: str) -> str:
    return with_interval(row["heldout"][unit], "+.3f", 1) if unit in row["heldout"] else ""
