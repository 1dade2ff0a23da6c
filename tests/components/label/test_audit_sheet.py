"""The sheet: blind, read back as it was filled in, and refused where it cannot be meant."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts.labels import LABELS
from inkling.components.label.audit_sample import Drawn
from inkling.components.label.audit_sheet import key_file, read_sheet, write_sheet
from inkling.components.shared.config import ConfigError

SAMPLE = [
    Drawn("law", f"document {i}", i, f'text "{i}",\nof two lines', f"law/{LABELS[i % 2]}", 10.0, (i % 2 == 0,) * 6)
    for i in range(6)
]


def answer(path: Path, answers: dict[str, list[object]]) -> None:
    """Fills in the rows whose text begins so."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        for start, values in answers.items():
            if row["text"].startswith(start):
                row.update(zip(LABELS, values, strict=True))
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(params=["sheet.csv", "sheet.jsonl"])
def sheet(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    write_sheet(path, SAMPLE, "lexicon", seed=0)
    return path


def test_the_sheet_is_blind_and_shuffled(sheet: Path) -> None:
    text = sheet.read_text()
    assert "law/code" not in text and "lexicon" not in text and "document" not in text and "true" not in text.lower()
    places = [min(at for quoted in (f'{i}""', f'{i}\\"') if (at := text.find(quoted)) >= 0) for i in range(6)]
    assert places != sorted(places)


def test_answers_come_back_to_their_segments(sheet: Path) -> None:
    given: dict[str, list[object]] = {f'text "{i}"': [i % 2, 1, 0, 1, 0, 1] for i in range(6)}
    answer(sheet, given)
    labeller, sample, answers = read_sheet(sheet)
    assert labeller == "lexicon"
    assert sorted(one.segment for one in sample) == list(range(6))
    for one, row in zip(sample, answers, strict=True):
        assert one == SAMPLE[one.segment]
        assert row.tolist() == [bool(value) for value in given[f'text "{one.segment}"']]


def test_what_is_answered_stands_for_what_is_not(sheet: Path) -> None:
    answer(sheet, {'text "0"': ["yes", "no", "x", "TRUE", "false", 0], 'text "1"': [0] * 6, 'text "3"': [1] * 6})
    _, sample, answers = read_sheet(sheet)
    assert {one.segment: one.weight for one in sample} == {0: 30.0, 1: 15.0, 3: 15.0}
    assert answers[[one.segment for one in sample].index(0)].tolist() == [True, False, True, True, False, False]
    assert answers.dtype == np.bool_


def test_a_half_answered_row_is_refused(sheet: Path) -> None:
    answer(sheet, {'text "2"': [1, "", 0, 1, 0, 1]})
    with pytest.raises(ConfigError, match=r"row \d: math is '', not 1 or 0; answer all six"):
        read_sheet(sheet)


def test_an_answer_that_is_none_is_refused(sheet: Path) -> None:
    answer(sheet, {'text "2"': [1, "perhaps", 0, 1, 0, 1]})
    with pytest.raises(ConfigError, match="math is 'perhaps'"):
        read_sheet(sheet)


def test_an_empty_sheet_is_refused(sheet: Path) -> None:
    with pytest.raises(ConfigError, match="holds no answers"):
        read_sheet(sheet)


@pytest.mark.parametrize(("row", "words"), [(0, "there twice"), (None, "is unknown")])
def test_rows_that_are_not_of_the_sheet_are_refused(tmp_path: Path, row: int | None, words: str) -> None:
    path = tmp_path / "sheet.jsonl"
    write_sheet(path, SAMPLE, "lexicon", seed=0)
    answer(path, {f'text "{i}"': [1] * 6 for i in range(6)})
    lines = path.read_text().splitlines()
    lines.append(json.dumps({"id": "other"}) if row is None else lines[row])
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match=f"row 7: id .* {words}"):
        read_sheet(path)


def test_a_sheet_with_answers_is_never_overwritten(sheet: Path) -> None:
    with pytest.raises(ConfigError, match="may hold answers"):
        write_sheet(sheet, SAMPLE, "lexicon", seed=0)


def test_a_missing_key_an_unknown_kind_and_a_wrong_encoding_are_refused(sheet: Path, tmp_path: Path) -> None:
    sheet.write_bytes(b"id,\xff\xfe\n")
    with pytest.raises(ConfigError, match="in UTF-8"):
        read_sheet(sheet)
    key_file(sheet).unlink()
    with pytest.raises(ConfigError, match="is missing"):
        read_sheet(sheet)
    with pytest.raises(ConfigError, match=r"unknown kind of sheet '\.xlsx'"):
        write_sheet(tmp_path / "sheet.xlsx", SAMPLE, "lexicon", seed=0)
