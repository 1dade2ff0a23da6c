"""An audit as a self-contained page: the table, and the segments that the two sides read differently."""

import html
from collections.abc import Sequence

from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.label.audit_sample import Drawn
from inkling.components.shared.statistics.agreement import Agreement, OptionalInterval

_SHOWN = 10  # disagreements of a label and a direction
_CHARACTERS = 1_500
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}"
    "th:first-child,td:first-child{text-align:left}pre{white-space:pre-wrap;background:#f6f6f6;padding:.8rem}"
)


def headings(first: str, second: str) -> list[str]:
    """The columns of an audit's table."""
    return ["label", "kappa (95 %)", "agreement % (95 %)", f"{first} %", f"{second} %", "segments read"]


def cells(one: Agreement) -> list[str]:
    """A label's row of the table; the last cell counts both, only the first, only the second, neither."""
    shares = [f"{100 * one.first:.1f}", f"{100 * one.second:.1f}"]
    return [
        one.label,
        _figure(one.kappa, 1, 2),
        _figure(one.agreement, 100, 1),
        *shares,
        "/".join(map(str, one.counts)),
    ]


def page(
    rows: Sequence[Agreement], sample: Sequence[Drawn], reading: Flags, first: str, second: str, meaning: str
) -> str:
    """The page, as HTML.

    Args:
        rows: The agreement of each label.
        sample: The segments, with the first reading.
        reading: The second reading, (segments, 6).
        first: Name of the first side.
        second: Name of the second.
        meaning: What the estimates stand for.
    """
    table = "".join(_row("td", cells(one)) for one in rows)
    parts = [f"<h1>{_text(first)} and {_text(second)}</h1><p>{_text(meaning)}</p>"]
    parts.append(f"<table>{_row('th', headings(first, second))}{table}</table><h2>Where they differ</h2>")
    for column, label in enumerate(LABELS):
        for flagged, side in ((True, first), (False, second)):
            found = [
                one
                for one, answer in zip(sample, reading[:, column], strict=True)
                if one.flags[column] == flagged and bool(answer) != flagged
            ]
            parts.append(f"<h3>{label}: only {_text(side)} ({len(found)})</h3>")
            parts += [_segment(one) for one in found[:_SHOWN]]
    title = f"Labels: {_text(first)} and {_text(second)}"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return head + "<body>" + "\n".join(parts) + "</body></html>\n"


def _figure(interval: OptionalInterval, scale: float, digits: int) -> str:
    if interval.value is None or interval.low is None or interval.high is None:
        return "-"
    value, low, high = (f"{scale * number:.{digits}f}" for number in (interval.value, interval.low, interval.high))
    return f"{value} ({low} to {high})"


def _segment(one: Drawn) -> str:
    name = f"{one.source}, {one.document}, segment {one.segment}"
    text = one.text if len(one.text) <= _CHARACTERS else one.text[:_CHARACTERS] + " [...]"
    return f"<details><summary>{_text(name)}</summary><pre>{_text(text)}</pre></details>"


def _row(kind: str, row: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{kind}>{_text(cell)}</{kind}>" for cell in row) + "</tr>"


def _text(text: str) -> str:
    return html.escape(text)
