"""The pipeline `monitor`, run as KFP runs it: a report is kept of every watch, and one past a threshold fails."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from kfp import dsl, local

from inkling.components.artifacts.questions import Questions
from inkling.components.monitor.build import monitor_log
from inkling.components.monitor.component import monitor, monitor_judge
from inkling.components.monitor.config import MonitorConfig
from inkling.components.serve.process import running_server
from inkling.components.shared.config import ConfigError


@pytest.fixture
def log(served: Any, tmp_path: Path) -> Path:
    """What a server logged that was asked the evaluation's questions ten times, as often blind as with their images."""
    folder, settings = tmp_path / "requests", tmp_path / "settings.json"
    settings.write_text(json.dumps({"threads": 1, "cache_mib": 0, "request_log": str(folder)}))
    questions = Questions.open(served.questions)
    images = {name: base64.b64encode(image).decode() for name, image in questions.images().items()}
    blind = [{"question": one.question, "choices": list(one.choices)} for one in questions.questions("test")]
    seen = [
        one | {"image": images[asked.image_id]} for one, asked in zip(blind, questions.questions("test"), strict=True)
    ]
    with running_server(served.bundle, tmp_path / "out", "--settings", str(settings)) as (url, _):
        for instances in [seen, blind] * 10:
            body = {"instances": instances}
            httpx.post(f"{url}/v1/models/inkling:predict", json=body, timeout=60, trust_env=False).raise_for_status()
    return folder


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
    assert [found["drifted"] for found in findings] == [0, 0]
    assert all("brightness" in path.read_text() for path in (tmp_path / "tasks").rglob("drift"))


def test_a_folder_without_a_log_is_named(served: Any, tmp_path: Path) -> None:
    inputs = (served.bundle, served.questions, served.answers)
    with pytest.raises(ConfigError, match="holds no request log: start the server with the setting `request_log"):
        monitor_log(MonitorConfig(), tmp_path, *inputs, tmp_path / "report.html")
