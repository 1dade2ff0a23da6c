"""`inkling evaluate URL`: a model behind HTTP, what is partial said so, and the same command goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.questions import Questions
from inkling.components.evaluate.endpoint import data_uri
from inkling.pipelines.cli import app
from inkling.tests.components import conftest as components
from inkling.tests.components.evaluate.endpoint_server import Body, Server, completion
from inkling.tests.pipelines.commands import test_evaluate as commands

served = components.served  # fixtures
suites = commands.suites
QUICK = ("--set", "endpoint.backoff=0.01", "--set", "endpoint.retries=0", "--set", "endpoint.concurrency=2")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def evaluate(suites: Path, server: Server) -> Callable[..., Result]:
    """Runs the command on the suite `mine` against the server."""

    def call(*options: str, method: str = "generate") -> Result:
        command = ["evaluate", server.url, "--suite", str(suites / "mine.yaml"), "--output", str(suites / "out")]
        return CliRunner().invoke(app, [*command, "--method", method, *QUICK, *options])

    return call


def test_a_partial_result_is_marked_and_the_same_command_goes_on(
    served: Any, suites: Path, server: Server, evaluate: Callable[..., Result]
) -> None:
    broken = data_uri(Questions.open(served.questions).images()["image-3"])
    server.reply = lambda body: (500, {}, {"error": "oops"}) if broken in json.dumps(body) else completion("A")
    first = evaluate("--views", "visual,blind")
    assert first.exit_code == 1, first.exception
    for words in ("PARTIAL", "mine: 11 of 12 questions, 23 of 24 replies", "1 times: 500", "asks only what is missing"):
        assert words in first.stdout
    out = suites / "out"
    counts = json.loads((out / "partial.json").read_text())["mine"]
    assert (counts["answered_in_all_views"], counts["replies"], counts["wanted"]) == (11, 23, 24)
    scores = json.loads((out / "scores.json").read_text())
    assert scores["partial"] is True and scores["suites"]["mine"]["splits"]["test"]["mean"]["questions"] == 11
    assert (out / "answers.html").exists() and not (out / "answers").exists()
    asked = len(server.asked)
    server.reply = lambda body: completion("A")
    again = evaluate("--views", "visual,blind")
    assert again.exit_code == 0, again.exception
    assert len(server.asked) - asked == 1 and "PARTIAL" not in again.stdout
    assert len(Answers.open(out / "answers").answers()) == 24 and not (out / "partial.json").exists()


def test_an_endpoint_that_lies_ends_all_suites(suites: Path, server: Server, evaluate: Callable[..., Result]) -> None:
    server.reply = lambda body: completion("A", model="another")
    result = evaluate("--suite", str(suites / "other.yaml"), "--views", "visual")
    assert result.exit_code == 1 and "answers as 'another'" in result.stdout
    counts = json.loads((suites / "out" / "partial.json").read_text())
    assert [counts[name]["replies"] for name in ("mine", "other")] == [0, 0]
    assert len(server.asked) <= 4 and not (suites / "out" / "scores.json").exists()


def test_one_question_alone_over_http(suites: Path, server: Server, evaluate: Callable[..., Result]) -> None:
    server.reply = lambda body: completion("B. I think")
    name = str(evaluate("--question", "?").exception).split("'")[-2]
    result = evaluate("--question", name, "--views", "visual,blank,blind")
    assert result.exit_code == 0, result.exception
    for words in ("one user message", "A. ", "224 x 224 pixels", "plain grey", "said    'B. I think'"):
        assert words in result.stdout
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "lava"), "Did you mean 'llava'?"),
        (("--key", "NO_SUCH_KEY"), "the environment variable NO_SUCH_KEY is not set"),
        (("--set", "endpoint.patience=3"), "endpoint.patience"),
        (("--set", "endpoint.concurrency=0"), "endpoint.concurrency"),
        (("--set", "evaluate.method=likelihood"), "method 'likelihood' needs likelihoods"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(
    suites: Path, server: Server, evaluate: Callable[..., Result], options: tuple[str, ...], words: str
) -> None:
    result = evaluate(*options)
    assert words in str(result.exception), result.exception
    assert not server.asked and not (suites / "out").exists() and not (suites / "home" / "store").exists()


def test_an_endpoint_that_is_no_section_is_refused(suites: Path, server: Server) -> None:
    command = ["evaluate", server.url, "--suite", str(suites / "mine.yaml"), "--set", "endpoint=3"]
    assert "endpoint=3 is a value" in str(CliRunner().invoke(app, command).exception)


@pytest.mark.soak
def test_ctrl_c_writes_what_there_is(suites: Path, server: Server) -> None:
    def slow(body: Body) -> tuple[int, dict[str, str], Any]:
        time.sleep(0.2)
        return completion("A")

    server.reply = slow
    command = [
        sys.executable, "-m", "inkling.pipelines", "evaluate", server.url, "--suite", str(suites / "mine.yaml"),
        "--method", "generate", "--output", str(suites / "out"), *QUICK,
    ]  # fmt: skip
    environment = {**os.environ, "INKLING_HOME": str(suites / "home")}
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while len(server.asked) < 10 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "PARTIAL" in said and "ended early: stopped by Ctrl-C" in said and "goes on from there" in said
    kept = json.loads((suites / "out" / "partial.json").read_text())["mine"]["replies"]
    assert 6 <= kept < 36
    time.sleep(0.5)
    server.asked.clear()
    assert (
        subprocess.run(command, env={**os.environ, "INKLING_HOME": str(suites / "home")}, check=False).returncode == 0
    )
    assert len(server.asked) == 36 - kept
