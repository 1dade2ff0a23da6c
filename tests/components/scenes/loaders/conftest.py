"""Pictures and files as other people store them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inkling.components.artifacts.conversations import Conversations
from inkling.components.scenes.build import build_conversations
from inkling.components.scenes.config import ScenesConfig

Load = Callable[..., Conversations]


def _encoded(shade: int = 0, kind: str = "JPEG", size: tuple[int, int] = (32, 24), **how: Any) -> bytes:
    """A small picture of one colour, by a number up to 6, as a file."""
    stored = io.BytesIO()
    Image.new("RGB", size, (40 * shade, 100, 200)).save(stored, kind, **how)
    return stored.getvalue()


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """Makes a picture of one colour: shade, format, size and what Pillow takes beside them."""
    return _encoded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pictures `0.jpg` to `4.jpg`, and one below it."""
    place = tmp_path / "pictures"
    (place / "deep").mkdir(parents=True)
    for number in range(5):
        (place / f"{number}.jpg").write_bytes(_encoded(number))
    (place / "deep" / "5.png").write_bytes(_encoded(5, "PNG"))
    return place


@pytest.fixture
def load(tmp_path: Path, folder: Path) -> Load:
    """Loads files, by the settings of a loader beside `images`; records are written as JSON first."""

    def loaded(records: Any = None, *, threads: int = 1, **settings: Any) -> Conversations:
        if records is not None:
            path = tmp_path / "mine.json"
            path.write_text(json.dumps(records))
            settings["path"] = str(path)
        stated = {"type": "llava", "images": str(folder), **settings}
        config = ScenesConfig.parse({"scenes": {"conversations": stated, "threads": threads}})
        output = tmp_path / f"conversations-{len(list(tmp_path.iterdir()))}"
        return build_conversations(config, output)

    return loaded
