"""An audit as a self-contained page: the table, and the segments that the two sides read differently."""

from collections.abc import Sequence
from dataclasses import asdict

from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.label.audit_sample import Drawn
from inkling.components.shared.report import html
from inkling.components.shared.report.html import Html, element, paragraph, table
from inkling.components.shared.report.numbers import with_interval
from inkling.components.shared.statistics.agreement import Agreement, OptionalInterval

_SHOWN = 10  # disagreements of a label and a direction
_CHARACTERS = 1_500


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
    parts = []
    for column, label in enumerate(LABELS):
        for flagged, side in ((True, first), (False, second)):
            found = [
                one
                for one, answer in zip(sample, reading[:, column], strict=True)
                if one.flags[column] == flagged and bool(answer) != flagged
            ]
            parts += [element("h3", f"{label}: only {side} ({len(found)})"), *map(_segment, found[:_SHOWN])]
    return html.page(
        f"Labels: {first} and {second}",
        element("header", element("h1", f"{first} and {second}"), paragraph(meaning)),
        element(
            "main",
            table("How far they agree", headings(first, second), [cells(one) for one in rows]),
            element("h2", "Where they differ"),
            *parts,
        ),
    )


def _figure(interval: OptionalInterval, scale: float, digits: int) -> str:
    return "-" if interval.value is None else with_interval(asdict(interval), f".{digits}f", scale)


def _segment(one: Drawn) -> Html:
    name = f"{one.source}, {one.document}, segment {one.segment}"
    text = one.text if len(one.text) <= _CHARACTERS else one.text[:_CHARACTERS] + " [...]"
    return element("details", element("summary", name), element("pre", text, style="white-space: pre-wrap"))
