"""An audit of labels from its sample to its report: the second reading, the figures, and the page to read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from inkling.components.artifacts.labels import Flags
from inkling.components.label.audit import compare
from inkling.components.label.audit_page import page
from inkling.components.label.audit_sample import Drawn
from inkling.components.label.config import LabelConfig
from inkling.components.label.labellers import labelling
from inkling.components.shared.config import ConfigError, read_mapping, unknown
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.statistics.agreement import Agreement
from inkling.models.strict_json import to_json


@dataclass(frozen=True)
class Audit:
    """A finished audit.

    Attributes:
        rows: The figures, a label or family each.
        meaning: What they stand for, in a sentence.
        page: The file with the disagreements.
    """

    rows: list[Agreement]
    meaning: str
    page: Path


def second_labeller(profile: str, name: str) -> LabelConfig:
    """The profile's label settings with another labeller.

    Raises:
        ConfigError: If there is none of that name, it is the profile's own, or its settings are missing.
    """
    names = get_args(LabelConfig.model_fields["labeller"].annotation)
    if name not in names:
        raise unknown("labeller", name, names)
    if LabelConfig.parse(profile).labeller == name:
        raise ConfigError(f"'{name}' is the profile's own labeller; name another one with --against")
    mapping = read_mapping(profile)
    return LabelConfig.parse({**mapping, "label": {**(mapping.get("label") or {}), "labeller": name}})


def read_again(config: LabelConfig, sample: Sequence[Drawn]) -> Flags:
    """Labels a sample by a labeller, (segments, 6)."""
    with labelling(config) as labeller, Progress("reading again", len(sample), "segments") as progress:
        labeller.begin("the sample", len(sample))
        flags = labeller([one.text for one in sample], progress.advance)
    if labeller.unlabelled:
        note(f"{labeller.unlabelled} segments stayed without an answer and count as without labels")
    return flags


def write_audit(sample: Sequence[Drawn], second: Flags, sides: tuple[str, str], output: Path, seed: int) -> Audit:
    """Compares two readings and writes the figures as JSON and, beside it, the page.

    Args:
        sample: The segments, with the first reading.
        second: The second reading, (segments, 6).
        sides: What the two readers are called.
        output: Where the figures go.
        seed: Seed of the intervals.
    """
    rows, meaning = compare(sample, second, seed), _meaning(sample)
    figures = {"first": sides[0], "second": sides[1], "meaning": meaning, "labels": [asdict(row) for row in rows]}
    output.write_text(to_json(figures, indent=2) + "\n", encoding="utf-8")
    shown = output.with_suffix(".html")
    shown.write_text(page(rows, sample, second, *sides, meaning), encoding="utf-8")
    return Audit(rows, meaning, shown)


def _meaning(sample: Sequence[Drawn]) -> str:
    sources = Counter(one.source for one in sample)
    documents = {(one.source, one.document) for one in sample}
    return (
        f"{len(sample)} segments of {len(documents)} documents in {len(sources)} sources stand for "
        f"{sum(one.weight for one in sample):,.0f}: kappa, agreement and the two shares are estimates for all of "
        "these, each segment counting once; intervals from a bootstrap of the documents. Segments read, of the "
        "sample: both / only the first / only the second / neither."
    )
