"""The pipeline `monitor`, run as KFP runs it: a report is kept of every watch, and one past a threshold fails."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl, local

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.questions import Questions
from inkling.components.monitor.build import monitor_log
from inkling.components.monitor.compare import reference_rows
from inkling.components.monitor.component import monitor, monitor_judge
from inkling.components.monitor.config import MonitorConfig
from inkling.components.serve.request_log import LoggedAnswer, RequestLog, now
from inkling.components.shared.config import ConfigError


@pytest.fixture
def log(served: Any, tmp_path: Path) -> Path:
    """A request log with what the evaluation saw, five times, and as many blind answers."""
    questions, answers = Questions.open(served.questions), Answers.open(served.answers)
    seen = reference_rows(questions.questions(), answers.answers(), questions.images(), Bundle.open(served.bundle))
    rows = [replace(row, time=now()) for row in seen] * 5
    written = RequestLog(tmp_path / "requests", 1 << 20)
    blind = {"view": "blind", "brightness": None, "contrast": None}
    for row in rows:
        written.append(row)
        written.append(LoggedAnswer(**{**asdict(row), **blind}))
    written.close()
    return tmp_path / "requests"


@pytest.fixture
def watch(served: Any, log: Path, tmp_path: Path) -> Any:
    """Returns a function that runs the two tasks with a profile and gives what they left."""
    root = tmp_path / "tasks"

    def run(profile: str) -> Any:
        @dsl.pipeline(name="monitor")
        def pipeline(config: str) -> None:
            where = {"bundle": str(served.bundle), "questions": str(served.questions), "answers": str(served.answers)}
            found = monitor(config=config, log=str(log), **where)
            monitor_judge(config=config, findings=found.outputs["findings"])

        local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(root), raise_on_error=True)
        return pipeline(config=profile)

    return run


def test_a_watch_past_a_threshold_fails_and_its_report_is_kept(watch: Any, tmp_path: Path) -> None:
    watch("monitor: {max_drifted: 1}")
    with pytest.raises(RuntimeError, match="monitor-judge"):
        watch("monitor: {max_drifted: 1, max_blind: 0.4}")
    findings = [json.loads(path.read_text()) for path in (tmp_path / "tasks").rglob("findings")]
    assert [found["blind"] for found in findings] == [0.5, 0.5]
    assert all("brightness" in path.read_text() for path in (tmp_path / "tasks").rglob("drift"))


def test_a_folder_without_a_log_is_named(served: Any, tmp_path: Path) -> None:
    inputs = (served.bundle, served.questions, served.answers)
    with pytest.raises(ConfigError, match="holds no request log: start the server with the setting `request_log"):
        monitor_log(MonitorConfig(), tmp_path, *inputs, tmp_path / "report.html")
