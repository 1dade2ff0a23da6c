"""What a run has found, in the few lines that a person reads first; the report has the rest."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from inkling.components.shared.report.numbers import measured, null, with_interval
from inkling.components.shared.report.screen import plain_table
from inkling.components.shared.report.screen import show as show_table
from inkling.pipelines.local.run import Run

_READERS = {"pretrained": "pre-trained", "no_pretraining": "no pretraining"}


def show(run: Run, console: Console) -> None:
    """Prints the scores of a run, where its report lies, and how to serve and ask."""
    findings = Path(run.outputs["analyze"]["findings"])
    found = json.loads((findings / "findings.json").read_text())
    language = found["language"]
    for title, table in (
        _language(language["perplexity"]),
        *([_choices(language["choices"])] if language["choices"] else []),
        *(table for suite in found["suites"].values() for table in _vision(suite)),
        *map(_probe, found["probes"].values()),
    ):
        console.print(f"\n[bold]{title}[/bold]", soft_wrap=True, highlight=False)
        show_table(table, console)
    command = shutil.which("inkling") or str(Path(sys.prefix, "bin", "inkling"))
    lines = (
        "",
        _service(found),
        "",
        f"report  {findings / 'report.html'}",
        f"serve   {command} serve",
        f'ask     {command} ask --image cat.png "What is in the picture?"',
        f'blind   {command} ask --image cat.png --blind "What is in the picture?"',
    )
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _language(perplexity: Mapping[str, Mapping[str, Any]]) -> tuple[str, Table]:
    table = plain_table("source", "model", "95 % interval", "unigram")
    for source, row in perplexity.items():
        interval = "{:.1f} to {:.1f}".format(*row["interval"]) if row["interval"] else ""
        table.add_row(source, f"{row['model_perplexity']:.1f}", interval, f"{row['unigram_perplexity']:.1f}")
    return "Perplexity on held-out text (lower is better)", table


def _choices(choices: Mapping[str, Mapping[str, Any]]) -> tuple[str, Table]:
    table = plain_table("questions (chance)", "right", "without the passage", "difference")
    for suite, row in choices.items():
        cells = with_interval(row["right"]), with_interval(row["blind"]), _points(row["difference"])
        table.add_row(f"{row['items']} {suite} ({100 * row['chance']:.0f})", *cells)
    return "Right answers in per cent with 95 % intervals: zero-shot choices made of held-out text", table


def _vision(suite: Mapping[str, Any]) -> Iterable[tuple[str, Table]]:
    scores = suite["scores"]["test"]
    means = [scores[reader]["mean"] for reader in _READERS]
    first = means[0]
    title = (
        f"{suite['title']}, right answers in per cent with 95 % intervals: {first['questions']} questions,\n"
        f"{suite['headline']['label']}, chance {100 * first['chance']:.0f}"
    )
    table = plain_table("view", *_READERS.values())
    for view in first["views"]:
        table.add_row(view, *(with_interval(mean["views"][view]) for mean in means))
    for pair in first["differences"]:
        table.add_row(pair.replace("_minus_", " - "), *(_points(mean["differences"][pair]) for mean in means))
    yield title, table
    table = plain_table("category (chance)", "visual", "blind", "visual, no pretraining")
    for category, cells in scores["pretrained"]["categories"].items():
        other = scores["no_pretraining"]["categories"][category]["views"]["visual"]
        shares = (with_interval(share) for share in (cells["views"]["visual"], cells["views"]["blind"], other))
        table.add_row(f"{category} ({100 * cells['chance']:.0f})", *shares)
    yield f"{suite['title']}, by category", table


def _probe(probe: Mapping[str, Any]) -> tuple[str, Table]:
    table = plain_table("measured", "model", "value", "by chance", text=2)
    for model, rows in probe["models"].items():
        for row in rows:
            name = ", ".join(part for part in (row["suite"], row["name"], row["layer"]) if part)
            table.add_row(name, _READERS[model], measured(row, probe["shares"]), null(row, probe["shares"]))
    unit = "in per cent " if probe["shares"] else ""
    return f"{probe['title']}, {unit}with 95 % intervals", table


def _service(found: Mapping[str, Any]) -> str:
    parity = found["export"]["views"].values()
    largest = max(view["largest_difference"] for view in parity)
    compared = sum(view["questions"] for view in parity)
    served = found["serving"]["views"].items()
    agreed = ", ".join(f"{cell['agreed']} of {cell['questions']} {view}" for view, cell in served if cell["questions"])
    return (
        f"ONNX against torch: the same choice on all {compared:,} questions, logits within {largest:.1e}\n"
        f"server against evaluator, the same choice: {agreed or 'none was compared'}"
    )


def _points(estimate: Mapping[str, Any]) -> str:
    return with_interval(estimate, "+.1f")
