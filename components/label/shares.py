"""Label shares of a corpus beside those that LSBS prints in Table 4."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from inkling.components.artifacts.labels import SHARES, Version
from inkling.components.config import read_mapping

_TABLE = Path(__file__).with_name("table4.yaml")
Shares = Mapping[str, Mapping[str, float]]


@cache
def paper_shares() -> dict[str, dict[str, float]]:
    """LSBS Table 4: percentage of segments with each label and family, by source."""
    return read_mapping(_TABLE.read_text())


def write_shares(directory: Path, versions: Sequence[Version], segments: Mapping[str, int], shares: Shares) -> None:
    """Writes who labelled when, and the latest shares of every source with its size and, if any, the paper's row."""
    sources = {
        source: {"segments": segments[source], "percent": percent, "paper": paper_shares().get(source)}
        for source, percent in shares.items()
    }
    dated = [{"date": version.date.isoformat(), "labeller": version.labeller} for version in versions]
    (directory / SHARES).write_text(json.dumps({"versions": dated, "sources": sources}, indent=2) + "\n")


def table(shares: Shares) -> str:
    """The shares as a table for a terminal, in percent, with LSBS Table 4 behind a slash where it has the source."""
    names = list(next(iter(shares.values())))
    width = max(map(len, shares))
    lines = [" " * width + "".join(f"{name:>14}" for name in names)]
    for source, percent in shares.items():
        paper = paper_shares().get(source, {})
        cells = (f"{percent[name]:.1f}" + (f" / {paper[name]:.1f}" if name in paper else "") for name in names)
        lines.append(f"{source:<{width}}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(["segments with each label in percent (ours / LSBS Table 4)", *lines])
