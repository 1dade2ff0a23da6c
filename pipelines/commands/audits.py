"""Labels under examination: a sheet for a person, a second labeller, and the report of how far they agree."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table

from inkling.components.artifacts.labels import Flags
from inkling.components.label.audit import Agreement, compare
from inkling.components.label.audit_page import cells, headings, page
from inkling.components.label.audit_sample import Drawn, draw
from inkling.components.label.audit_sheet import check_name, read_sheet, write_sheet
from inkling.components.label.config import LabelConfig
from inkling.components.label.labellers import labelling
from inkling.components.shared.config import ConfigError, read_mapping, unknown
from inkling.components.shared.runtime.progress import Progress
from inkling.pipelines.commands.describe import labelled
from inkling.pipelines.local import run as local


def sample(profile: str, output: Path, count: int, seed: int) -> None:
    """Writes a sheet for a person to fill in.

    Args:
        profile: The checked profile, as YAML text.
        output: The sheet.
        count: Segments of each source and label at most.
        seed: Seed of the draw.

    Raises:
        ConfigError: If the sheet's name tells no format, or it is there already.
    """
    check_name(output)
    corpus, labels = labelled(profile, local.home())
    drawn = draw(corpus, labels, count, seed)
    key = write_sheet(output, drawn, LabelConfig.parse(profile).labeller, seed)
    print(
        f"{len(drawn)} segments in {output}; {key} holds what the labeller says: do not look before you have answered"
    )


def against_person(sheet: Path, output: Path, seed: int) -> None:
    """Compares the labeller that a sheet was drawn by with the answers in it.

    Raises:
        ConfigError: If the sheet cannot be read or holds no answers.
    """
    labeller, drawn, reading = read_sheet(sheet)
    _report(drawn, reading, (labeller, "person"), output, seed)


def against_labeller(profile: str, name: str, output: Path, count: int, seed: int) -> None:
    """Compares the profile's labeller with another one.

    Args:
        profile: The checked profile, as YAML text.
        name: The other labeller.
        output: Where the figures go, as JSON; the page goes beside them.
        count: Segments of each source and label at most.
        seed: Seed of the draw and of the intervals.

    Raises:
        ConfigError: If there is no other labeller of that name, or its settings are missing.
    """
    first, second = LabelConfig.parse(profile), _second(profile, name)
    if first.labeller == second.labeller:
        raise ConfigError(f"'{name}' is the profile's own labeller; name another one with --against")
    corpus, labels = labelled(profile, local.home())
    drawn = draw(corpus, labels, count, seed)
    _report(drawn, _read(second, drawn), (first.labeller, second.labeller), output, seed)


def _second(profile: str, name: str) -> LabelConfig:
    """The profile's label settings with another labeller."""
    names = get_args(LabelConfig.model_fields["labeller"].annotation)
    if name not in names:
        raise unknown("labeller", name, names)
    mapping = read_mapping(profile)
    return LabelConfig.parse({**mapping, "label": {**(mapping.get("label") or {}), "labeller": name}})


def _read(config: LabelConfig, drawn: Sequence[Drawn]) -> Flags:
    with labelling(config) as labeller, Progress("reading again", len(drawn), "segments") as progress:
        labeller.begin("the sample", len(drawn))
        flags = labeller([one.text for one in drawn], progress.advance)
    if labeller.unlabelled:
        print(f"{labeller.unlabelled} segments stayed without an answer and count as without labels")
    return flags


def _report(drawn: Sequence[Drawn], reading: Flags, sides: tuple[str, str], output: Path, seed: int) -> None:
    rows = compare(drawn, reading, seed)
    meaning = _meaning(drawn)
    figures = {"first": sides[0], "second": sides[1], "meaning": meaning, "labels": [asdict(row) for row in rows]}
    output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    shown = output.with_suffix(".html")
    shown.write_text(page(rows, drawn, reading, *sides, meaning), encoding="utf-8")
    console = Console(file=sys.stdout)
    console.print(_table(rows, sides))
    console.print(f"{meaning}\nfigures in {output}, disagreements to read in {shown}", highlight=False)


def _table(rows: Sequence[Agreement], sides: tuple[str, str]) -> Table:
    table = Table(*headings(*sides))
    for row in rows:
        table.add_row(*cells(row))
    return table


def _meaning(drawn: Sequence[Drawn]) -> str:
    sources = Counter(one.source for one in drawn)
    documents = {(one.source, one.document) for one in drawn}
    return (
        f"{len(drawn)} segments of {len(documents)} documents in {len(sources)} sources stand for "
        f"{sum(one.weight for one in drawn):,.0f}: kappa, agreement and the two shares are estimates for all of these, "
        "each segment counting once; intervals from a bootstrap of the documents. Segments read, of the sample: both / "
        "only the first / only the second / neither."
    )
