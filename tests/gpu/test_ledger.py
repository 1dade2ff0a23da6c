"""The ledger: rows outlive a cut, half a line does not, and other sizes start anew."""

from pathlib import Path

from ledger import Ledger
from unit import Row

SIZES = {"correct": {"steps": 5, "plan": [1], "pace": 2}, "fast": {"steps": 7}}


def test_rows_are_read_again_and_a_torn_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    written = Ledger(path, SIZES)
    written.append(Row("correct", "one", 1.5, {"right": True}))
    written.append(Row("correct", "two", 0.5, {}, "ValueError: no"))
    with path.open("a") as file:
        file.write('{"part": "correct", "unit": "thr')
    again = Ledger(path, SIZES)
    assert again.rows == written.rows
    assert again.done("correct") == {"one"}
    again.append(Row("correct", "two", 0.7, {"right": True}))
    assert [row.unit for row in Ledger(path, SIZES).of("correct")] == ["one", "two"]
    assert Ledger(path, SIZES).done("correct") == {"one", "two"}


def test_a_part_of_other_sizes_starts_anew_and_leaves_the_rows_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    Ledger(path, SIZES).append(Row("correct", "one", 1.0, {}))
    Ledger(path, SIZES).append(Row("fast", "one", 1.0, {}))
    other = Ledger(path, {**SIZES, "correct": {"steps": 6}})
    assert other.done("correct") == set() and other.done("fast") == {"one"}
    other.append(Row("correct", "one", 2.0, {}))
    assert [row.seconds for row in Ledger(path, SIZES).of("correct")] == [1.0]


def test_which_units_there_are_and_how_long_they_may_take_is_no_size(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    Ledger(path, SIZES).append(Row("correct", "one", 1.0, {}))
    changed = {**SIZES, "correct": {"steps": 5, "plan": [1, 2], "pace": 9}}
    assert Ledger(path, changed).done("correct") == {"one"}
