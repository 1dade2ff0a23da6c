"""`inkling chat` and `inkling ask` against a real server that wants a token."""

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from inkling.components.serve.client import Client, data_uri
from inkling.components.serve.process import running_server
from inkling.pipelines.cli import app
from inkling.pipelines.commands.chat import shares

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def guarded(served, tmp_path_factory):
    """The address of a server that wants TOKEN."""
    work = tmp_path_factory.mktemp("guarded")
    (work / "token").write_text(TOKEN)
    settings = work / "settings.yaml"
    settings.write_text(json.dumps({"threads": 1, "max_new_tokens": 8, "token_file": str(work / "token")}))
    with running_server(served.bundle, work / "log", "--settings", str(settings)) as (url, _):
        yield url
    assert "Traceback" not in (work / "log").read_text()


@pytest.fixture
def picture_path(picture_file, tmp_path):
    """A scene as a file."""
    path = tmp_path / "scene.jpg"
    path.write_bytes(picture_file)
    return path


def run(url, *arguments, said="", token=TOKEN):
    return CliRunner().invoke(app, [*arguments, "--url", url], input=said, env={"INKLING_TOKEN": token})


def test_each_view_answers_with_its_speed(guarded, picture_path):
    result = run(guarded, "chat", "--image", str(picture_path), said="What is it?\n\nWhat colour is it?\n")
    assert result.exit_code == 0, result.output
    said = re.findall(r"^(\w+): (.+)\n  \(view: (\w+), (\d+) tokens, \d+ tokens/s\)$", result.output, re.MULTILINE)
    assert [(view, given) for view, _, given, _ in said] == [("visual", "visual"), ("blind", "blind")] * 2
    assert all(1 <= int(tokens) <= 8 for *_, tokens in said)
    assert "mismatched" not in result.output


def test_the_second_question_is_asked_behind_the_first(guarded, picture_file, picture_path):
    result = run(guarded, "chat", "--image", str(picture_path), said="What is it?\nWhat colour?\n/new\nWhat colour?\n")
    shown = re.findall(r"^visual: (.+)$", result.output, re.MULTILINE)
    image = {"type": "image_url", "image_url": {"url": data_uri(picture_file)}}
    asked = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]
    with Client(guarded, TOKEN) as client:
        answers = []
        for _ in range(2):
            answers.append("".join(part.text for part in client.stream(asked)))
            asked += [{"role": "assistant", "content": answers[-1]}, {"role": "user", "content": "What colour?"}]
        alone = client.chat("What colour?", data_uri(picture_file))[0]
    assert shown == [answer.strip() for answer in (*answers, alone)]


def test_options_are_shared_out_in_every_view(guarded, picture_file, picture_path):
    arguments = ("chat", "--image", str(picture_path), "--other", data_uri(picture_file), "--choices", "red, blue")
    result = run(guarded, *arguments, said="What colour is it?\n")
    head, *rows = result.output.splitlines()
    assert head.split() == ["visual", "blind", "mismatched"]
    with Client(guarded, TOKEN) as client:
        _, _, found = client.choose("What colour is it?", ["red", "blue"], picture_file)
    for row, name, share in zip(rows, ("red", "blue"), shares(found), strict=True):
        assert row.startswith(name) and row.count(f"{share:.1%}") >= 2  # the other image is the same one


def test_what_goes_wrong_is_said_and_the_talk_goes_on(guarded):
    lines = ["/image no-such.png", "/choices one", "/image https://example.org/cat.png", "What?", "/image", "/what"]
    result = run(guarded, "chat", said="\n".join([*lines, "What is it?", "word " * 400, "/quit", "never asked"]))
    assert result.exit_code == 0
    for words in ("there is no image no-such.png", "two choices at least", "not fetched from 'example.org'"):
        assert words in result.output
    assert "/choices A, B" in result.output and "/new forgets what was said" in result.output
    assert result.output.count("(view: blind") == 1


@pytest.mark.parametrize("command", [("chat",), ("ask", "What is it?"), ("ask", "What is it?", "--choices", "a,b")])
def test_a_wrong_token_ends_in_words(guarded, command):
    result = run(guarded, *command, said="What?\n", token="another-token-of-tests")
    assert isinstance(result.exception, RuntimeError)
    assert "wants another token: give it as INKLING_TOKEN or --token" in str(result.exception)


@pytest.mark.parametrize("arguments", [("--token", TOKEN), ()])
def test_ask_sends_the_token(guarded, arguments):
    result = run(guarded, "ask", "What is it?", *arguments, token="" if arguments else TOKEN)
    assert result.exit_code == 0, result.exception
    assert "(view: blind)" in result.output


def test_an_empty_answer_is_said_to_be_empty(guarded, monkeypatch):
    stream = Client.stream
    monkeypatch.setattr(Client, "stream", lambda *asked: (part for part in stream(*asked) if not part.text.strip()))
    result = run(guarded, "chat", said="What?\n")
    assert "blind: (the model's answer is empty)\n  (view: blind" in result.output


def test_ctrl_c_ends_it_cleanly(guarded):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "inkling.pipelines", "chat", "--url", guarded]
    environment = {**os.environ, "INKLING_TOKEN": TOKEN, "TERM": "dumb"}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background it is ignored
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    signal.signal(signal.SIGINT, before)
    os.close(theirs)
    try:
        shown = _until(ours, b"> ")
        os.write(ours, b"What is it?\n")
        shown += _until(ours, b"tokens/s)\r\n> ")
        assert _interrupted(process) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"Traceback" not in shown and b"blind: " in shown


def _interrupted(process: subprocess.Popen[bytes]) -> int:
    """Exit status after Ctrl-C, pressed again where it came just before the wait for a line, which it does not end."""
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(10)
    raise AssertionError("Ctrl-C does not end it")


def _until(terminal: int, words: bytes) -> bytes:
    shown, deadline = io.BytesIO(), time.monotonic() + 60
    while words not in shown.getvalue():
        assert time.monotonic() < deadline, shown.getvalue()
        if select.select([terminal], [], [], 1)[0]:
            shown.write(os.read(terminal, 4096))
    return shown.getvalue()


@pytest.mark.parametrize("command", ["chat", "ask"])
def test_help_has_examples(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert (
        result.exit_code == 0 and "Examples:" in result.output and f"inkling {command} --image cat.png" in result.output
    )
