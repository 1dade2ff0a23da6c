"""Tables on the screen, of which no number is ever cut: words fold first, then the table is wider than the screen."""

from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_NO_LIMIT = 10_000


def plain_table(*headings: str, text: int = 1) -> Table:
    """A table without rules.

    Args:
        *headings: Heads of the columns.
        text: Columns from the left that hold words; the others hold numbers.
    """
    return with_columns(Table(box=None, pad_edge=False, padding=(0, 1, 0, 0)), headings, text)


def with_columns(table: Table, headings: Any, text: int = 1) -> Table:
    """Gives a table its columns; the first names the rows, and neither it nor a number is folded.

    Args:
        table: A table without columns.
        headings: Their heads.
        text: Columns from the left that hold words; the others hold numbers.
    """
    for number, heading in enumerate(headings):
        words = number < text
        table.add_column(heading, justify="left" if words else "right", no_wrap=number == 0 or not words)
    return table


def show(table: Table, console: Console) -> None:
    """Prints a table, wider than the console where its numbers need it."""
    for column in table.columns:
        if column.no_wrap:
            lines = (line for cell in (column.header, *column.cells) for line in str(cell).splitlines())
            column.min_width = max(map(cell_len, lines), default=0)
    needed = Measurement.get(console, console.options.update(max_width=_NO_LIMIT), table).minimum
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)
