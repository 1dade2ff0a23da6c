"""`inkling ask`: what it says when it cannot ask."""

import io

import pytest
from PIL import Image

from inkling.components.config import ConfigError
from inkling.models.vision import preprocess
from inkling.pipelines.commands.ask import ask

NOBODY = "http://127.0.0.1:9"


def test_says_how_to_start_a_server():
    with pytest.raises(RuntimeError, match=r"no server answers at http://127\.0\.0\.1:9\. Start one with `make serve`"):
        ask("What is this?", None, NOBODY)


def test_missing_picture_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no picture .*cat\.png"):
        ask("What is this?", tmp_path / "cat.png", NOBODY)


def test_directory_is_no_picture(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        ask("What is this?", tmp_path, NOBODY)


def test_text_is_no_picture(tmp_path):
    path = tmp_path / "cat.png"
    path.write_text("meow")
    with pytest.raises(ConfigError, match=r"cat\.png: not a picture"):
        ask("What is this?", path, NOBODY)


def test_large_picture_is_refused_before_it_is_sent(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "PNG")
    path = tmp_path / "cat.png"
    path.write_bytes(buffer.getvalue())
    monkeypatch.setattr(preprocess, "MAX_PIXELS", 1_000)
    with pytest.raises(ConfigError, match=r"cat\.png: the picture has 64 x 64 pixels; at most 1,000"):
        ask("What is this?", path, NOBODY)
