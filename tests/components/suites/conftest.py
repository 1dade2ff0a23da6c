"""Benchmark files as users have them, and questions about rendered scenes."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.store import Draft, produce

LEVELS = ("coarse_perception", "logic_reasoning")


class Scenes(StageConfig):
    """Stands for the stage that renders the scenes."""

    stage = "scenes"


def picture(shade: int, kind: str = "JPEG") -> bytes:
    """A small image."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (shade, 100, 200)).save(buffer, kind)
    return buffer.getvalue()


def mmbench_rows(number: int = 8) -> list[dict[str, Any]]:
    """Rows with MMBench's public columns: the third has two choices, the last is of a split without answers."""
    rows = [
        {
            "index": index,
            "question": f"What is shown in image {index}?",
            "hint": "Look closely." if index % 2 else "nan",
            "A": f"a cat {index % 2}",
            "B": "a dog",
            "C": None if index == 2 else "a boat",
            "D": None if index == 2 else "a tree",
            "answer": "AB"[index % 2],
            "category": ("image_topic", "image_scene")[index % 2] if index < 5 else "future_prediction",
            "l2-category": LEVELS[index >= 5],
            "image": base64.b64encode(picture(10 * index)).decode(),
            "split": "dev",
        }
        for index in range(number)
    ]
    return [*rows, {**rows[0], "index": number, "answer": None, "split": "test"}]


@pytest.fixture
def write_parquet(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as a Parquet file."""

    def write(rows: list[dict[str, Any]], name: str = "mmbench.parquet") -> Path:
        path = tmp_path / name
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path

    return write


@pytest.fixture
def mmbench(write_parquet: Callable[..., Path]) -> Path:
    """A file with MMBench's public columns."""
    return write_parquet(mmbench_rows())


@pytest.fixture
def scenes(tmp_path: Path) -> Questions:
    """Two questions about rendered scenes."""
    choices = ["red", "green", "blue", "black"]
    questions = [
        Question(
            f"test-{place}", f"test-{place}", f"test-{1 - place}", "What colour?", choices, choices[place], "General",
            "colour", "none", "test",
        )
        for place in range(2)
    ]  # fmt: skip

    def write(draft: Draft) -> None:
        write_questions(draft.path, [(f"test-{place}", picture(place)) for place in range(2)], questions)
        (draft.path / "ATTRIBUTION.md").write_text("# Attribution\n\n- fonts 1: their designers (OFL)\n")

    return produce(Questions, tmp_path / "scenes", Scenes(), {}, write)
