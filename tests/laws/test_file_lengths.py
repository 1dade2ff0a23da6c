"""A file has one idea: at most 600 lines, the median under 150."""

import statistics
from pathlib import Path

LIMIT, MEDIAN = 600, 150


def lengths(files: list[Path]) -> dict[Path, int]:
    return {path: len(path.read_text().splitlines()) for path in files}


def too_long(files: list[Path]) -> list[str]:
    return [f"{path}: {lines} lines" for path, lines in lengths(files).items() if lines > LIMIT]


def test_no_file_is_too_long(sources: list[Path]) -> None:
    assert not too_long(sources)


def test_the_median_file_is_short(sources: list[Path]) -> None:
    assert statistics.median(lengths(sources).values()) < MEDIAN


def test_a_long_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x = 1\n" * (LIMIT + 1))
    (tmp_path / "full.py").write_text("x = 1\n" * LIMIT)
    assert too_long(sorted(tmp_path.iterdir())) == [f"{tmp_path / 'long.py'}: 601 lines"]
