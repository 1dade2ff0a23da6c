"""`inkling ask`: what it says when it cannot ask."""

import io
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inkling.components.serve.client import ChatPart, Client, user_message
from inkling.components.shared.config import ConfigError
from inkling.components.shared.text import is_text
from inkling.models.vision import preprocess
from inkling.pipelines.commands.ask import ask, without_blank_lines

NOBODY = "http://127.0.0.1:9"


def test_says_how_to_start_a_server():
    with pytest.raises(RuntimeError, match=r"no server answers at http://127\.0\.0\.1:9\. Start one with `make serve`"):
        ask("What is this?", None, NOBODY)


def test_missing_image_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no image .*cat\.png"):
        ask("What is this?", tmp_path / "cat.png", NOBODY)


def test_directory_is_no_image(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        ask("What is this?", tmp_path, NOBODY)


def test_text_is_no_image(tmp_path):
    path = tmp_path / "cat.png"
    path.write_text("meow")
    with pytest.raises(ConfigError, match=r"cat\.png: not an image"):
        ask("What is this?", path, NOBODY)


def test_large_image_is_refused_before_it_is_sent(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "PNG")
    path = tmp_path / "cat.png"
    path.write_bytes(buffer.getvalue())
    monkeypatch.setattr(preprocess, "MAX_PIXELS", 1_000)
    with pytest.raises(ConfigError, match=r"cat\.png: the image has 64 x 64 pixels; at most 1,000"):
        ask("What is this?", path, NOBODY)


@pytest.mark.parametrize(
    ("fragments", "shown"),
    [
        (["\n", "\n", " a cat", "\n", "\n \n", "    or a dog", "\n\n"], "a cat\n    or a dog"),
        (["one\n\ntwo"], "one\ntwo"),
        (["\n \n"], ""),
        ([], ""),
    ],
)
def test_blank_lines_of_an_answer_are_not_shown(fragments, shown):
    assert "".join(without_blank_lines(fragments)) == shown


@given(st.lists(st.text("ab \n", max_size=6)))
def test_the_words_stay_however_the_answer_is_cut(fragments):
    shown = "".join(without_blank_lines(fragments))
    assert shown.split() == "".join(fragments).split()
    assert shown == shown.strip() and all(line.strip() for line in shown.splitlines())
    assert shown == "".join(without_blank_lines(["".join(fragments)]))


@given(st.text(st.characters(exclude_categories=())))
def test_any_answer_is_shown(answer):
    event = {"choices": [{"delta": {"content": answer}}], "view": "blind"}
    said = {"choices": [{"message": {"content": answer}}], "view": "blind"}

    def respond(request):
        if json.loads(request.content).get("stream"):
            return httpx.Response(200, text=f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n")
        return httpx.Response(200, text=json.dumps(said))

    with Client(NOBODY) as client:
        client._http = httpx.Client(base_url=NOBODY, transport=httpx.MockTransport(respond))
        (part,) = client.stream([user_message("What?")])
        assert (part.text, part.view) == client.chat("What?", None)
        assert is_text(part.text)


@pytest.mark.parametrize(("fragments", "printed"), [
    ([("", "visual"), ("\n ", "visual")], "(the model's answer is empty)\n(view: visual)\n"),
    ([("a ", "blind"), ("cat", "blind")], "a cat\n(view: blind)\n"),
])  # fmt: skip
def test_an_empty_answer_is_said_to_be_empty(monkeypatch, capsys, fragments, printed):
    monkeypatch.setattr(Client, "stream", lambda *_: iter([ChatPart(*fragment) for fragment in fragments]))
    ask("What is this?", None, NOBODY)
    assert capsys.readouterr().out == printed
