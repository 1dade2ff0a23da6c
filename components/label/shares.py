"""Label shares of a corpus beside those that LSBS prints in Table 4."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from inkling.components.artifacts.corpus import SOURCE_NAMES
from inkling.components.artifacts.labels import REASONING, SHARES, VISUAL, Version, dated
from inkling.components.shared.config import read_mapping
from inkling.components.shared.store.artifact import write_json

_TABLE = Path(__file__).with_name("table4.yaml")
Shares = Mapping[str, Mapping[str, float]]


@cache
def paper_shares() -> dict[str, dict[str, float]]:
    """LSBS Table 4: percentage of segments with each label and family, by source."""
    return read_mapping(_TABLE.read_text())


def write_shares(
    directory: Path,
    versions: Sequence[Version],
    segments: Mapping[str, int],
    shares: Shares,
    unlabelled: Mapping[str, int],
) -> None:
    """Writes who labelled when, and the latest shares of every source with its size and, if any, the paper's row.

    Unlabelled segments (an endpoint gave no answer) stand among those without any label, and are counted.
    """
    sources = {
        source: {
            "segments": segments[source],
            "unlabelled": unlabelled.get(source, 0),
            "percent": percent,
            "paper": paper_shares().get(source),
        }
        for source, percent in shares.items()
    }
    write_json(directory / SHARES, {"versions": dated(versions), "sources": sources})


def table(shares: Shares) -> str:
    """The shares as a table for a terminal, in percent: the sources of LSBS that there are, then the user's own.

    Behind a slash stands LSBS Table 4, which has six of the sources.
    """
    sources = [
        *(name for name in SOURCE_NAMES if name in shares),
        *(name for name in shares if name not in SOURCE_NAMES),
    ]
    names = (*REASONING, "reasoning", *VISUAL, "visual", "none")
    width = max(map(len, sources))
    lines = [" " * width + "".join(f"{name:>14}" for name in names)]
    for source in sources:
        paper = paper_shares().get(source, {})
        cells = (_cell(shares[source][name], paper, name) for name in names)
        lines.append(f"{source:<{width}}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(["segments with each label in percent (ours / LSBS Table 4)", *lines])


def _cell(ours: float, paper: Mapping[str, float], name: str) -> str:
    return f"{ours:.1f} / {paper[name]:.1f}" if name in paper else f"{ours:.1f}"
