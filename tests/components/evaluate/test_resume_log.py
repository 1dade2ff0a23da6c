"""The resume log keeps what was written and drops what was not."""

from pathlib import Path

import pytest

from inkling.components.evaluate.resume_log import ResumeLog


def fill(path: Path, task: str, *entries: dict[str, object]) -> bytes:
    with ResumeLog(path, task) as log:
        for entry in entries:
            log.append(entry)
    return path.read_bytes()


def test_entries_come_back(tmp_path: Path) -> None:
    fill(tmp_path / "j", "task", {"q1": [1.5, -0.1], "q2": {"a": 0.1 + 0.2}}, {"q3": "text"})
    with ResumeLog(tmp_path / "j", "task") as log:
        assert log.results == {"q1": [1.5, -0.1], "q2": {"a": 0.1 + 0.2}, "q3": "text"}


def test_every_cut_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    """Wherever a kill cuts the file, the entries before the cut are kept and going on ends in the same file."""
    path, entries = tmp_path / "j", [{"q1": [0.25, -3.0]}, {"q2": [1e-9]}, {"q3": ["text"]}]
    whole = fill(path, "task", *entries)
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        with ResumeLog(path, "task") as log:
            kept = len(log.results)
            assert log.results == {key: result for entry in entries[:kept] for key, result in entry.items()}
            assert kept == max(whole[:cut].count(b"\n") - 1, 0)
            for entry in entries[kept:]:
                log.append(entry)
        assert path.read_bytes() == whole


def test_a_kill_keeps_all_results_of_a_batch_or_none(tmp_path: Path) -> None:
    """Those that it would keep in part were asked again, for a batch is asked as a whole."""
    path, batch = tmp_path / "j", {f"q{number}": [0.5] * 300 for number in range(4)}
    whole = fill(path, "task", {"q": 1}, batch)
    for cut in range(len(whole) - 1, whole.index(b"q0"), -97):
        path.write_bytes(whole[:cut])
        with ResumeLog(path, "task") as log:
            assert log.results == {"q": 1}


@pytest.mark.parametrize("task", ["another", "task2", ""])
def test_results_of_another_task_are_not_used(tmp_path: Path, task: str) -> None:
    fill(tmp_path / "j", "task", {"q": 1}, {"p": 2})
    with ResumeLog(tmp_path / "j", task) as log:
        assert log.results == {}
    assert fill(tmp_path / "j", task, {"q": 3}).count(b"\n") == 2
