"""Progress: what is said, and in which form."""

import json

import pytest

from inkling.components.shared.runtime.progress import EVENT_MARKER, Progress, ProgressReport, clock, track


def test_a_line_says_how_far_and_how_long_still() -> None:
    report = ProgressReport("pretrain", 1200, 4800, "tokens", 95.0, {"loss": 4.25})
    assert report.line() == "pretrain: 1,200 of 4,800 tokens (25%)  1:35 left  loss 4.25"


def test_events_are_json_behind_a_marker(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("INKLING_PROGRESS", "events")
    assert list(track("abc", "reading", 3, "letters")) == ["a", "b", "c"]
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(EVENT_MARKER) for line in lines)
    last = ProgressReport(**json.loads(lines[-1].removeprefix(EVENT_MARKER)))
    assert (last.label, last.done, last.total, last.unit, last.seconds_left) == ("reading", 3, 3, "letters", 0.0)


def test_short_work_is_silent_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track("abc", "reading", 3, "letters")) == ["a", "b", "c"]
    assert capsys.readouterr().out == ""


def test_work_of_an_earlier_run_does_not_count_as_speed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INKLING_PROGRESS", "events")
    with Progress("training", total=100, unit="steps", done=60):
        pass
    report = ProgressReport(**json.loads(capsys.readouterr().out.splitlines()[0].removeprefix(EVENT_MARKER)))
    assert (report.done, report.seconds_left) == (60, None)


def test_clock() -> None:
    assert [clock(0), clock(59.9), clock(61), clock(3600)] == ["0:00", "0:59", "1:01", "60:00"]
