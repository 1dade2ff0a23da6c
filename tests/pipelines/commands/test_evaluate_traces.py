"""`inkling evaluate --method explain`: depth without a judge, soundness with one, and what is refused before work."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from inkling.components.artifacts.answers import Answers
from inkling.pipelines.cli import app
from inkling.tests.components import conftest as components
from inkling.tests.components.evaluate.endpoint_server import Server, completion
from inkling.tests.pipelines.commands import test_evaluate as commands

served = components.served  # fixtures
suites = commands.suites


def quick(name: str) -> list[str]:
    """Settings of an endpoint that is asked impatiently."""
    settings = ("backoff=0.01", "retries=0", "concurrency=2")
    return [option for setting in settings for option in ("--set", f"{name}.{setting}")]


@pytest.fixture
def server() -> Iterator[Server]:
    """Explains with the image, and judges what gives a reason sound."""
    made = Server()

    def reply(body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        said = json.dumps(body)
        if "<explanation>" in said:
            return completion("sound" if "because" in said.split("<explanation>")[1] else "unsound")
        return completion("It is so because I see it. The answer is A." if "image_url" in said else "The answer is B.")

    made.reply = reply
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def evaluate(suites: Path, server: Server) -> Callable[..., Result]:
    """Runs the command on the suite `mine` against the server."""

    def call(*options: str, method: str = "explain") -> Result:
        command = ["evaluate", server.url, "--suite", str(suites / "mine.yaml"), "--output", str(suites / "out")]
        more = [*quick("endpoint"), *(quick("judge") if "--judge" in options else [])]
        return CliRunner().invoke(app, [*command, "--method", method, "--views", "visual,blind", *more, *options])

    return call


def test_depth_alone_then_soundness_under_a_judge(
    suites: Path, server: Server, evaluate: Callable[..., Result]
) -> None:
    alone = evaluate()
    assert alone.exit_code == 0, alone.exception
    assert "Depth alone: soundness was not judged" in alone.stdout and "not judged" in alone.stdout
    out = suites / "out"
    first = json.loads((out / "traces.json").read_text())
    views = first["suites"]["mine"]["views"]
    assert (views["visual"]["depth"]["value"], views["blind"]["depth"]["value"]) == (11, 4)
    assert first["judge"] is None and views["visual"]["soundness"] is None
    assert {one.method for one in Answers.open(out / "answers").answers()} == {"explain"}
    asked = len(server.asked)
    judged = evaluate("--judge", server.url)
    assert judged.exit_code == 0, judged.exception
    assert "not judged" not in judged.stdout and "swapped" in judged.stdout
    found = json.loads((out / "traces.json").read_text())
    cells = found["suites"]["mine"]["views"]
    assert (cells["visual"]["soundness"]["value"], cells["blind"]["soundness"]["value"]) == (1, 0)
    assert cells["visual"]["soundness"]["low"] < 1 and found["judge"]["model"] == "llava"
    assert all("<explanation>" in json.dumps(body) for body in server.asked[asked:]), "no question is asked again"
    count = len(server.asked)
    assert evaluate("--judge", server.url).exit_code == 0 and len(server.asked) == count, "a repeat costs nothing"


def test_a_judge_that_fails_leaves_a_partial_result_and_the_same_command_goes_on(
    suites: Path, server: Server, evaluate: Callable[..., Result]
) -> None:
    assert evaluate().exit_code == 0
    well, asked = server.reply, len(server.asked)
    server.reply = lambda body: (500, {}, {"error": "oops"}) if len(server.asked) > asked + 3 else well(body)
    failed = evaluate("--judge", server.url)
    assert failed.exit_code == 1, failed.exception
    for words in ("PARTIAL: the judge left", "times: 500", "ended early: no reply to 5 requests in a row"):
        assert words in failed.stdout
    assert json.loads((suites / "out" / "traces.json").read_text())["partial"]["missing"]
    server.reply = well
    again = evaluate("--judge", server.url)
    assert again.exit_code == 0 and "PARTIAL" not in again.stdout
    assert "partial" not in json.loads((suites / "out" / "traces.json").read_text())


@pytest.mark.parametrize(
    ("options", "method", "words"),
    [
        (("--judge", "URL"), "generate", "gives no explanations to judge: take --method explain"),
        (("--judge", "a.example"), "explain", "is no URL"),
        (("--set", "judge.model=llava"), "explain", "no judge: name its URL with --judge"),
        (("--judge", "URL", "--set", "judge.model=lava"), "explain", "Did you mean 'llava'?"),
        (("--judge", "URL", "--set", "judge.key=NO_SUCH_KEY"), "explain", "NO_SUCH_KEY is not set"),
        (("--judge", "URL", "--set", "judge.patience=3"), "explain", "judge.patience"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(
    suites: Path, server: Server, evaluate: Callable[..., Result], options: tuple[str, ...], method: str, words: str
) -> None:
    result = evaluate(*(one.replace("URL", server.url) for one in options), method=method)
    assert words in str(result.exception), result.exception
    assert not server.asked and not (suites / "out").exists()
