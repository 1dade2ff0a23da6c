"""No number of a table is cut, however narrow the screen is."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from inkling.components.shared.report.screen import plain_table, show, with_columns

numbers = st.lists(st.floats(-1e9, 1e9).map(lambda number: f"{number:,.3f} [{number - 1:,.1f}, {number:,.1f}]"))


def printed(table: Table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    show(table, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@given(st.lists(numbers.filter(bool), min_size=1, max_size=4), st.integers(20, 120))
def test_numbers_stand_whole(rows: list[list[str]], width: int) -> None:
    size = max(map(len, rows))
    headings = ["source", *(f"measure {number}" for number in range(size)), ""]
    plain = plain_table(*headings)
    ruled = with_columns(Table(title="Some title of the table"), headings)
    for table in (plain, ruled):
        for row in rows:
            table.add_row("a-source-of-text", *(row + [""] * (size - len(row))))
        text = printed(table, width)
        assert "\u2026" not in text
        assert all(number in text for row in rows for number in row)
        assert "a-source-of-text" in text


def test_words_fold_before_a_table_is_wider_than_the_screen() -> None:
    table = plain_table("name", "licences", "words", text=2)
    table.add_row("law", "; ".join(["CC BY-SA 4.0"] * 8), "123,456,789")
    lines = printed(table, 60).splitlines()
    assert max(map(len, lines)) <= 60
    assert "123,456,789" in lines[1]
