"""The request log: whole files within a limit, rows that come back, nothing of what was said."""

import base64
import json
from pathlib import Path

import httpx
import pytest

from inkling.components.artifacts.questions import Questions
from inkling.components.serve import request_log
from inkling.components.serve.process import running_server
from inkling.components.serve.request_log import LoggedAnswer, RequestLog, logged_files, read_log


def row(time: float = 1.0, **more: object) -> LoggedAnswer:
    stated = {"time": time, "view": "visual", "protocol": "v1", "choices": 4, "probability": 0.5, "prompt_tokens": 3,
        "answer_tokens": 1, "brightness": 0.1, "contrast": 0.2}  # fmt: skip
    return LoggedAnswer(**{**stated, **more})  # type: ignore[arg-type]


def test_rows_come_back_in_order_after_it_was_closed(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log", 1 << 20)
    for number in range(5):
        log.append(row(float(number), probability=None if number % 2 else 0.25, brightness=None))
    log.close()
    found = list(read_log(tmp_path / "log", since=2.0))
    assert [one["time"] for one in found] == [2.0, 3.0, 4.0]
    assert [one["probability"] for one in found] == [0.25, None, 0.25]
    assert not list((tmp_path / "log").glob("*.partial"))


def test_the_oldest_files_go_beyond_the_limit_and_the_newest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "_ROWS", 10)
    monkeypatch.setattr(request_log, "_SECONDS", 0.01)
    log = RequestLog(tmp_path, 12_000)
    for number in range(400):
        log.append(row(float(number)))
        if number % 10 == 9:
            log._due.set()
            while log._rows:
                pass
    log.close()
    assert sum(path.stat().st_size for path in logged_files(tmp_path)) <= 12_000
    times = [one["time"] for one in read_log(tmp_path)]
    assert times[-1] == 399.0
    assert 0.0 not in times


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        RequestLog(tmp_path / "file" / "log", 1 << 20)


def test_what_is_no_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "requests-x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ValueError, match=r"requests-x\.parquet is no file of a request log"):
        list(read_log(tmp_path))


def test_a_server_logs_numbers_and_no_word(served, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(json.dumps({"threads": 1, "request_log": str(tmp_path / "log")}))
    image = base64.b64encode(Questions.open(served.questions).images()["image-0"]).decode()
    secret = {"question": "What colour is the Zanzibar?", "choices": ["red", "green"]}
    chat = {"model": "inkling", "messages": [{"role": "user", "content": secret["question"]}], "max_tokens": 3}
    with running_server(served.bundle, tmp_path / "out", "--settings", str(tmp_path / "settings.yaml")) as (url, _):
        for instance in (secret, {**secret, "image": image}, {**secret, "image": image}):
            body = {"instances": [instance]}
            httpx.post(f"{url}/v1/models/inkling:predict", json=body, timeout=60, trust_env=False).raise_for_status()
        httpx.post(f"{url}/openai/v1/chat/completions", json=chat, timeout=60, trust_env=False).raise_for_status()
    rows = list(read_log(tmp_path / "log"))
    assert [(one["protocol"], one["view"], one["choices"]) for one in rows] == [
        ("v1", "blind", 2), ("v1", "visual", 2), ("v1", "visual", 2), ("openai", "blind", 0),
    ]  # fmt: skip
    assert all(0.5 <= one["probability"] <= 1 for one in rows[:3])
    assert rows[3]["probability"] is None
    assert rows[3]["answer_tokens"] <= 3
    assert [one["brightness"] is None for one in rows] == [True, False, True, True]  # the third image was kept
    assert all(b"Zanzibar" not in path.read_bytes() for path in logged_files(tmp_path / "log"))
