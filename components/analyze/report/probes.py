"""What probes measure inside the models: a table a probe, with what chance would give beside each number."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.report.vision import MODELS
from inkling.components.analyze.report.wording import count, probability
from inkling.components.shared.report.html import Html, element, join, paragraph, section, table
from inkling.components.shared.report.numbers import measured, null


def probes_section(findings: Mapping[str, Any]) -> Html:
    """For each probe that shows something what it says of itself, and its rows of each model."""
    return section("probes", "What do the models hold inside?", *map(_probe, findings["probes"].values()))


def _probe(probe: Mapping[str, Any]) -> Html:
    unit = "in per cent, " if probe["shares"] else ""
    counted = probe["counted"]
    return join(
        element("h3", probe["title"]),
        *([paragraph(probe["about"])] if probe["about"] else []),
        table(
            f"{probe['title']}, {unit}with 95 % intervals",
            (
                *("Measured", "Read", "Model", "Value", "If there were nothing to find", "p"),
                *(counted.capitalize(), "Images"),
            ),
            [_row(row, MODELS[model], probe["shares"]) for model, rows in probe["models"].items() for row in rows],
            text_columns=3,
        ),
    )


def _row(row: Mapping[str, Any], model: str, shares: bool) -> tuple[str, ...]:
    p_value = row["details"].get("p_value")
    return (
        f"{row['suite']}: {row['name']}" if row["suite"] else row["name"],
        row["layer"],
        model,
        measured(row, shares),
        null(row, shares),
        "" if p_value is None else probability(p_value),
        count(row["count"]),
        count(row["images"]),
    )
