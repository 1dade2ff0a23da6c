"""The llm labeller against a real server: good, busy, slow, talking nonsense, dying midway; resumed after a kill."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import LABELS
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig, LlmConfig
from inkling.components.label.llm import LlmLabeller
from inkling.components.label.llm_endpoint import ChatEndpointError, LabelAnswer
from inkling.components.shared.config import ConfigError

Answer = tuple[int, dict[str, str], str]
"""Status, headers and body of a response."""


def verdict(text: str) -> dict[str, bool]:
    """What the model of these tests thinks: a label holds where the text has its name."""
    return {label: label in text for label in LABELS}


def completion(content: Any) -> Answer:
    """A chat completion with a content."""
    message = {"role": "assistant", "content": content}
    return 200, {}, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]})


def good(text: str, number: int) -> Answer:
    """Answers as asked."""
    return completion(json.dumps(verdict(text)))


class Server:
    """The endpoint.

    Attributes:
        answer: Makes the response to the n-th request, counted from 0, about a text.
        asked: The texts, in the order in which they came.
        requests: The bodies of the requests.
        authorizations: Their Authorization headers.
        most: How many were under way at once at most.
    """

    def __init__(self) -> None:
        self.answer: Callable[[str, int], Answer] = good
        self.asked: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self.most = self._now = 0
        self.lock = threading.Lock()
        self.port = 0

    def config(self, **settings: Any) -> LlmConfig:
        """Settings that ask this endpoint, without patience unless told."""
        usual = {"model": "judge", "hosts": ["127.0.0.1"], "timeout": 5, "retries": 2, "backoff": 0.01}
        return LlmConfig.model_validate({"url": f"http://127.0.0.1:{self.port}/v1", **usual, **settings})

    def respond(self, body: dict[str, Any], authorization: str | None) -> Answer:
        """Notes a request and answers it."""
        text = body["messages"][1]["content"].removeprefix("<piece>\n").removesuffix("\n</piece>")
        with self.lock:
            number = len(self.asked)
            self.asked.append(text)
            self.requests.append(body)
            self.authorizations.append(authorization)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self.answer(text, number)
        finally:
            with self.lock:
                self._now -= 1


@contextmanager
def serving() -> Iterator[Server]:
    """Runs an endpoint on a free port of the loopback."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/chat/completions"
            status, headers, text = server.respond(body, self.headers["Authorization"])
            content = text.encode()
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


TEXTS = [f"{label} number {number}" for number in range(4) for label in LABELS]


@pytest.fixture(autouse=True)
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty file of answers."""
    path = tmp_path / "kept" / "answers.sqlite"
    monkeypatch.setenv("INKLING_ANSWERS", str(path))
    return path


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def label(config: LlmConfig, texts: list[str], borne: int = 0) -> np.ndarray:
    """Labels texts, of a source of which so many percent may fail."""
    with LlmLabeller(config.model_copy(update={"unlabelled": borne / 100})) as labeller:
        labeller.begin("law", len(texts))
        flags = labeller(texts)
        assert labeller.unlabelled <= borne / 100 * len(texts)
    return flags


def kept(answers: Path) -> int:
    """Number of answers in the file."""
    return sqlite3.connect(answers).execute("SELECT count(*) FROM answers").fetchone()[0]


def expected(texts: list[str]) -> list[list[bool]]:
    return [list(verdict(text).values()) for text in texts]


def test_the_fields_of_a_verdict_are_the_labels() -> None:
    assert tuple(LabelAnswer.model_fields) == LABELS


def test_answers_become_flags_in_the_order_of_the_texts(server: Server) -> None:
    def slower_at_first(text: str, number: int) -> Answer:
        time.sleep(max(0.0, 0.05 - 0.01 * number))
        return good(text, number)

    server.answer = slower_at_first
    assert label(server.config(concurrency=6), TEXTS).tolist() == expected(TEXTS)
    assert 1 < server.most <= 6


def test_the_question_asks_for_exactly_the_six_labels(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sesame")
    label(server.config(key="JUDGE_KEY"), ["code"])
    question = server.requests[0]
    schema = question["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["required"] == list(LABELS)
    assert schema["schema"]["additionalProperties"] is False
    assert {kind["type"] for kind in schema["schema"]["properties"].values()} == {"boolean"}
    assert (question["model"], question["temperature"]) == ("judge", 0)
    assert all(f"\n{name}: " in question["messages"][0]["content"] for name in LABELS)
    assert server.authorizations == ["Bearer sesame"]


def test_equal_texts_are_requested_once_and_never_again(server: Server) -> None:
    texts = ["code", "math", "code", "code"]
    assert label(server.config(), texts).tolist() == expected(texts)
    assert sorted(server.asked) == ["code", "math"]
    assert label(server.config(), ["math", "science"]).tolist() == expected(["math", "science"])
    assert sorted(server.asked) == ["code", "math", "science"]


def test_another_model_is_requested_anew(server: Server) -> None:
    label(server.config(), ["code"])
    label(server.config(model="other"), ["code"])
    assert server.asked == ["code", "code"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_called_again(server: Server, status: int) -> None:
    server.answer = lambda text, number: good(text, number) if number % 3 == 2 else (status, {}, "too many requests")
    assert label(server.config(concurrency=1), TEXTS[:3]).tolist() == expected(TEXTS[:3])
    assert len(server.asked) == 9


def test_it_waits_as_long_as_the_endpoint_asks(server: Server) -> None:
    server.answer = lambda text, number: good(text, number) if number else (429, {"Retry-After": "1"}, "")
    started = time.monotonic()
    label(server.config(), ["code"])
    assert time.monotonic() - started >= 1


def test_a_slow_endpoint_is_refused_with_what_happened(server: Server) -> None:
    quiet = threading.Event()
    server.answer = lambda text, number: (quiet.wait(10), good(text, number))[1]
    try:
        with pytest.raises(ChatEndpointError, match=r"(?s)of law without.*no answer within 0\.1 seconds"):
            label(server.config(timeout=0.1, retries=1), ["code"])
    finally:
        quiet.set()
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("I would say it is about code.", "not the six labels: I would say"),
        (json.dumps({"code": True}), "not the six labels"),
        (json.dumps(dict.fromkeys(LABELS, "yes")), "not the six labels"),
        (json.dumps({**dict.fromkeys(LABELS, True), "none": False}), "not the six labels"),
        (None, "not the six labels: None"),
        ([1], "not the six labels"),
    ],
)
def test_nonsense_is_refused_in_its_own_words(server: Server, content: object, words: str) -> None:
    server.answer = lambda text, number: completion(content)
    with pytest.raises(ChatEndpointError, match=words):
        label(server.config(), ["code"])


@pytest.mark.parametrize("body", ["<html>hello</html>", "{}", '{"choices": []}', "[]", '"x"'])
def test_what_is_no_completion_is_refused(server: Server, body: str) -> None:
    server.answer = lambda text, number: (200, {}, body)
    with pytest.raises(ChatEndpointError, match="no chat completion: "):
        label(server.config(), ["code"])


def test_failures_are_borne_up_to_the_limit_and_counted(server: Server, corpus: Corpus, tmp_path: Path) -> None:
    server.answer = lambda text, number: completion("?") if "king" in text else good(text, number)
    config = LabelConfig(labeller="llm", llm=server.config(unlabelled=0.25))
    with pytest.raises(ChatEndpointError, match=r"left 1 segments of law .* more than the 0 .*\n  1 times: not "):
        build_labels(config, corpus.path, tmp_path / "labels")
    assert not (tmp_path / "labels").exists()
    config = LabelConfig(labeller="llm", llm=server.config(unlabelled=0.99))
    server.answer = lambda text, number: completion("?") if "king" in text and number < 4 else good(text, number)
    labels = build_labels(config, corpus.path, tmp_path / "labels")
    report = json.loads((labels.path / "shares.json").read_text())["sources"]
    assert {source: entry["unlabelled"] for source, entry in report.items()} == {"code": 1, "law": 0}


def test_half_a_character_in_an_answer_is_written_out(server: Server) -> None:
    server.answer = lambda text, number: completion("no \ud83d" if number else '{"code": "\udcff"}')
    with pytest.raises(ChatEndpointError, match=r"not the six labels: (no \\ud83d|{.code.: .\\xff.})"):
        label(server.config(retries=0), ["a", "b"])


def test_a_key_beyond_ascii_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", os.fsdecode(b"caf\xe9"))
    with pytest.raises(ConfigError, match=r"label.llm.key: JUDGE_KEY holds characters beyond ASCII"):
        label(server.config(key="JUDGE_KEY"), ["code"])


def test_a_wrong_key_or_model_ends_it_at_once(server: Server) -> None:
    server.answer = lambda text, number: (404, {}, '{"error": "the model judge does not exist"}')
    with pytest.raises(ChatEndpointError, match="refuses to label with 'judge': 404 .*the model judge does not exist"):
        label(server.config(concurrency=1), TEXTS, borne=99)
    assert len(server.asked) < 4


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.answer = lambda text, number: (302, {"Location": "http://127.0.0.1:9/v1"}, "")
    with pytest.raises(ChatEndpointError, match="302 Found"):
        label(server.config(), ["code"])


def test_an_endpoint_that_dies_midway_is_refused_and_taken_up_again(server: Server) -> None:
    server.answer = lambda text, number: good(text, number) if number < 10 else (500, {}, "out of memory")
    with pytest.raises(ChatEndpointError, match=r"(?s)500 .*out of memory.*goes on from there"):
        label(server.config(concurrency=2, retries=0), TEXTS)
    answered = set(server.asked[:10])
    server.answer, server.asked = good, []
    assert label(server.config(), TEXTS).tolist() == expected(TEXTS)
    assert sorted(server.asked) == sorted(set(TEXTS) - answered)


def test_an_absent_endpoint_is_refused(server: Server) -> None:
    config = server.config(url="http://127.0.0.1:9/v1", retries=1)
    with pytest.raises(ChatEndpointError, match="ConnectError"):
        label(config, ["code"])


def test_a_killed_build_asks_only_what_was_not_answered(server: Server, tmp_path: Path, answers: Path) -> None:
    answered = threading.Event()

    def then_silent(text: str, number: int) -> Answer:
        if number >= 7:
            answered.wait(30)
        return good(text, number)

    server.answer = then_silent
    config = server.config(concurrency=1).model_dump_json()
    script = (
        "import sys\nfrom inkling.components.label.config import LlmConfig\n"
        "from inkling.components.label.llm import LlmLabeller\n"
        f"LlmLabeller(LlmConfig.model_validate_json(sys.argv[1]))({TEXTS!r})\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, config], cwd=tmp_path)
    deadline = time.monotonic() + 60
    while (len(server.asked) < 8 or kept(answers) < 7) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    child.wait()
    answered.set()
    server.answer, server.asked = good, []
    assert label(server.config(), TEXTS).tolist() == expected(TEXTS)
    assert sorted(server.asked) == sorted(TEXTS[7:])


def test_kept_answers_make_the_same_bytes_without_the_endpoint(server: Server, corpus: Corpus, tmp_path: Path) -> None:
    first = build_labels(LabelConfig(labeller="llm", llm=server.config()), corpus.path, tmp_path / "a" / "labels")
    asked = len(server.asked)
    silent = server.config(url="http://127.0.0.1:9/v1", concurrency=3, retries=0)
    again = build_labels(LabelConfig(labeller="llm", llm=silent), corpus.path, tmp_path / "b" / "labels")
    assert again.manifest.files == first.manifest.files
    assert again.manifest.provenance.key == first.manifest.provenance.key
    assert len(server.asked) == asked


def test_a_file_that_holds_no_answers_is_refused(server: Server, answers: Path) -> None:
    answers.parent.mkdir()
    answers.write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(OSError, match="is no file of answers"):
        LlmLabeller(server.config())


def test_the_key_is_not_kept(server: Server, answers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sesame")
    label(server.config(key="JUDGE_KEY"), ["code"])
    rows = sqlite3.connect(answers).execute("SELECT * FROM answers").fetchall()
    assert len(rows) == 1
    assert "sesame" not in str(rows)
    monkeypatch.delenv("JUDGE_KEY")
    with pytest.raises(ConfigError, match="JUDGE_KEY is not set"):
        LlmLabeller(server.config(key="JUDGE_KEY"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "https://elsewhere.example/v1"}, r"'elsewhere\.example' is not among the allowed hosts"),
        ({"url": "ftp://127.0.0.1/v1"}, "is not an http"),
        ({"url": "http://user:word@127.0.0.1/v1"}, "no user, password"),
        ({"url": "http://judge.example/v1", "hosts": ["judge.example"], "key": "K"}, "unencrypted"),
        ({"concurrency": 0}, r"llm\.concurrency"),
        ({"endpoint": "x"}, r"unknown key 'label\.llm\.endpoint'"),
    ],
)
def test_settings_that_would_send_text_astray_are_refused(settings: dict[str, object], words: str) -> None:
    usual = {"url": "http://127.0.0.1/v1", "model": "judge", "hosts": ["127.0.0.1"]}
    with pytest.raises(ConfigError, match=words):
        LabelConfig.parse({"label": {"labeller": "llm", "llm": {**usual, **settings}}})


def test_the_labeller_needs_its_section_and_others_heed_it_not() -> None:
    with pytest.raises(ConfigError, match="needs the section 'llm'"):
        LabelConfig.parse("label: {labeller: llm}")
    beside = LabelConfig.parse("label: {llm: {url: 'http://127.0.0.1/v1', model: judge, hosts: [127.0.0.1]}}")
    assert beside.determinants() == LabelConfig().determinants()
