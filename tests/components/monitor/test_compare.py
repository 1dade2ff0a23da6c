"""Drift is found where it was planted, and not where there is none."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.questions import Questions
from inkling.components.monitor.build import past
from inkling.components.monitor.compare import LEAST, monitor, reference_rows
from inkling.components.monitor.config import MonitorConfig
from inkling.components.serve.request_log import LoggedAnswer


def rows(seed: int, count: int, brightness: float = 0.0, blind: int = 0, empty: int = 0) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    return [
        asdict(
            LoggedAnswer(
                time=float(number),
                view="blind" if number < blind else "visual",
                protocol="v1",
                choices=4 if number % 3 else 0,
                probability=float(random.uniform(0.25, 1)) if number % 3 else None,
                prompt_tokens=int(random.integers(3, 12)),
                answer_tokens=0 if number < empty else 1,
                brightness=float(random.normal(brightness, 0.3)) if number % 5 else None,
                contrast=float(random.uniform(0.2, 0.4)),
            )
        )
        for number in range(count)
    ]


def test_planted_drift_is_found_and_no_other(tmp_path: Path) -> None:
    same = monitor(rows(1, 400), rows(1, 400)[::-1], tmp_path / "same.html")
    assert [column.column for column in same.columns if column.drifted] == []
    brighter = monitor(rows(1, 400, brightness=1.0), rows(1, 400)[::-1], tmp_path / "brighter.html")
    assert [column.column for column in brighter.columns if column.drifted] == ["brightness"]
    assert brighter.drifted == pytest.approx(1 / len(brighter.columns))
    assert "brightness" in (tmp_path / "brighter.html").read_text()


def test_thresholds_are_passed_in_words(tmp_path: Path) -> None:
    found = monitor(rows(1, 400, blind=200, empty=30), rows(2, 400), tmp_path / "report.html")
    assert found.blind == 0.5
    assert found.empty == pytest.approx(10 / 134)
    assert past(MonitorConfig(max_drifted=1, max_empty=1), found.shares()) == []
    assert past(MonitorConfig(max_drifted=1, max_blind=0.4, max_empty=0.05), found.shares()) == [
        "50% of the answers were blind, 40% are borne", "7% of the generated answers were empty, 5% are borne",
    ]  # fmt: skip


def test_too_few_answers_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{LEAST - 1} answers with an image were logged; {LEAST} are the least"):
        monitor(rows(1, LEAST - 1), rows(2, 400), tmp_path / "report.html")


def test_the_reference_is_what_the_evaluation_saw(served) -> None:
    questions, answers = Questions.open(served.questions), Answers.open(served.answers)
    bundle = Bundle.open(served.bundle)
    found = list(reference_rows(questions.questions(), answers.answers(), questions.images(), bundle))
    assert len(found) == len(questions.questions())
    assert all(row.choices == 4 and 0.25 <= (row.probability or 0) <= 1 for row in found)
    assert len({row.brightness for row in found}) > 1
