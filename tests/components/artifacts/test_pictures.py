"""Conversations, questions and features are read as they were written, and refused where they are not what they say."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from inkling.components.artifacts.conversations import Conversations, Turn, write_conversations
from inkling.components.artifacts.features import Features, Split, write_encoder, write_shard
from inkling.components.artifacts.images import write_images
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.models.vision import ENCODERS

IMAGES = [("b", b"\xff\xd8second"), ("a", b"\xff\xd8first")]
TURNS = [
    Turn("b-caption", "b", "caption", "General", "object", "other", "Describe the picture.", "a bird"),
    Turn("b-0", "b", "instruct", "Knowledge", "kind", "reasoning", "What kind of thing is it?", "animal", "kind-1"),
    Turn("text-0", "", "instruct", "General", "colour", "perception", "A red star. Which colour is it?", "red"),
]
QUESTION = Question(
    "q", "b", "a", "What is it?", ["bird", "car", "boat", "tool"], "boat", "General", "object", "none", "test"
)
TINY = ENCODERS.read("tiny-random")
WEIGHTS = {"patches.bias": torch.arange(4.0)}


def seal(kind: type[Artifact], directory: Path) -> None:
    """Writes the manifest of the files that a test has written."""
    made = Provenance(stage="test", key="0", code="0", packages={}, config={}, inputs={})
    (directory / "manifest.json").unlink(missing_ok=True)
    Manifest.describe(directory, kind.type, kind.schema, made).write(directory)


@pytest.fixture
def conversations(tmp_path: Path) -> Path:
    write_conversations(tmp_path, IMAGES, TURNS)
    seal(Conversations, tmp_path)
    return tmp_path


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    validation = dataclasses.replace(QUESTION, question_id="v", split="validation", size_bucket="small")
    write_questions(tmp_path, IMAGES, [validation, QUESTION])
    seal(Questions, tmp_path)
    return tmp_path


@pytest.fixture
def grids() -> dict[Split, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "conversations": random.random((3, 16, 32), np.float32),
        "questions": random.random((2, 16, 32), np.float32),
    }


@pytest.fixture
def features(tmp_path: Path, grids: dict[Split, np.ndarray]) -> Path:
    write_encoder(tmp_path, TINY, WEIGHTS, ["grid"])
    for split, grid in grids.items():
        write_shard(tmp_path, split, 0, {"grid": grid[:1]})
        write_shard(tmp_path, split, 1, {"grid": grid[1:]})
    seal(Features, tmp_path)
    return tmp_path


def test_conversations_are_read_as_written(conversations: Path) -> None:
    opened = Conversations.open(conversations)
    assert opened.turns() == TURNS
    assert list(opened.images().items()) == IMAGES


def test_conversations_are_a_llava_file(conversations: Path) -> None:
    first, worded, text_only = json.loads((conversations / "conversations.json").read_text())
    assert first["conversations"] == [
        {"from": "human", "value": "<image>\nDescribe the picture."},
        {"from": "gpt", "value": "a bird"},
    ]
    assert (first["image"], worded["phrasing"]) == ("b", "kind-1") and "phrasing" not in first
    assert "image" not in text_only
    assert text_only["conversations"][0]["value"] == "A red star. Which colour is it?"


def test_questions_are_read_as_written(questions: Path) -> None:
    opened = Questions.open(questions)
    assert opened.questions("test") == [QUESTION]
    assert [question.question_id for question in opened.questions()] == ["v", "q"]
    assert list(opened.images().items()) == IMAGES
    assert (QUESTION.correct, QUESTION.chance) == (2, 0.25)


def test_features_are_read_as_written(features: Path, grids: dict[Split, np.ndarray]) -> None:
    opened = Features.open(features)
    assert opened.encoder == TINY
    assert opened.views() == {"grid": (16, 32)}
    for split, grid in grids.items():
        view = opened.view(split)
        assert view.shape == grid.shape
        assert np.array_equal(view, grid)
        assert np.array_equal(view[[1, 0, 1]], grid[[1, 0, 1]])
        assert np.array_equal(view[1:], grid[1:])


def test_features_in_half_precision_take_half_the_space(tmp_path: Path, grids: dict[Split, np.ndarray]) -> None:
    write_encoder(tmp_path, TINY, WEIGHTS, ["grid"])
    write_shard(tmp_path, "questions", 0, {"grid": grids["questions"]}, "fp16")
    seal(Features, tmp_path)
    stored = Features.open(tmp_path).view("questions")[:]
    assert stored.dtype == np.float32
    assert np.array_equal(stored, grids["questions"].astype(np.float16))
    assert (tmp_path / "questions/grid.00000.safetensors").stat().st_size < 2 * grids["questions"].size + 200


def test_a_view_that_was_not_kept_is_refused_with_what_to_do(features: Path) -> None:
    with pytest.raises(ArtifactError, match=r"has no view 'patches' \(it has grid\): add it to encode\.views"):
        Features.open(features).view("questions", "patches")


def test_the_encoder_is_known_by_spec_and_weights(features: Path) -> None:
    digest = Features.open(features).encoder_digest
    write_shard(features, "questions", 2, {"grid": np.zeros((1, 16, 32), np.float32)})
    seal(Features, features)
    assert Features.open(features).encoder_digest == digest
    (features / "encoder" / "model.safetensors").write_bytes(b"")
    seal(Features, features)
    assert Features.open(features).encoder_digest != digest


@pytest.mark.parametrize(
    ("kind", "fixture", "file"),
    [
        (Conversations, "conversations", "conversations.json"),
        (Conversations, "conversations", "images.parquet"),
        (Questions, "questions", "questions.parquet"),
        (Features, "features", "questions/grid.00001.safetensors"),
        (Features, "features", "encoder/model.safetensors"),
    ],
)
def test_a_changed_byte_is_refused_by_name(
    kind: type[Artifact], fixture: str, file: str, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(fixture) / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=f"{file} is not what was written"):
        kind.open(path.parents[file.count("/")])


def test_a_picture_comes_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same image_id"):
        write_images(tmp_path, [IMAGES[0], IMAGES[0]])


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[3]",
        '[{"id": "x"}]',
        json.dumps([{**TURNS[0].to_llava(), "kind": "song"}]),
        json.dumps([{**TURNS[0].to_llava(), "image": ""}]),
        json.dumps([{**TURNS[2].to_llava(), "image": "b"}]),
        json.dumps([{**TURNS[0].to_llava(), "conversations": [{"from": "gpt", "value": "x"}] * 2}]),
    ],
)
def test_a_file_that_holds_no_turns_is_refused(conversations: Path, text: str) -> None:
    (conversations / "conversations.json").chmod(0o644)
    (conversations / "conversations.json").write_text(text)
    seal(Conversations, conversations)
    with pytest.raises(ArtifactError, match=r"conversations\.json cannot be read"):
        Conversations.open(conversations).turns()


@pytest.mark.parametrize(
    "change",
    [{"answer": "cat"}, {"choices": ["boat", "boat"]}, {"size_bucket": "huge"}, {"split": "train"}],
    ids=["answer", "choices", "bucket", "split"],
)
def test_a_question_that_cannot_be_scored_is_refused(questions: Path, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="question q"):
        dataclasses.replace(QUESTION, **change)  # type: ignore[arg-type]
    rows = pq.read_table(questions / "questions.parquet").to_pylist()
    schema = pq.read_schema(questions / "questions.parquet")
    pq.write_table(pa.Table.from_pylist([{**rows[1], **change}], schema=schema), questions / "questions.parquet")
    seal(Questions, questions)
    with pytest.raises(ArtifactError, match=r"questions\.parquet cannot be read: question q"):
        Questions.open(questions).questions()


def test_other_columns_are_refused(questions: Path) -> None:
    for file in ("questions.parquet", "images.parquet"):
        pq.write_table(pa.table({"x": [1]}), questions / file)
    seal(Questions, questions)
    with pytest.raises(ArtifactError, match="other columns"):
        Questions.open(questions).questions()
    with pytest.raises(ArtifactError, match="other columns"):
        Questions.open(questions).images()


@pytest.mark.parametrize("data", [b"", b"\0" * 64], ids=["empty", "zeros"])
def test_files_that_are_no_tensors_and_tables_are_refused(features: Path, data: bytes) -> None:
    (features / "questions" / "grid.00001.safetensors").write_bytes(data)
    seal(Features, features)
    with pytest.raises(ArtifactError, match=r"grid\.00001\.safetensors cannot be read"):
        Features.open(features).view("questions")


@pytest.mark.parametrize("text", ["{}", '{"type": "vit"}', "no JSON"])
def test_an_encoder_that_is_none_is_refused(features: Path, text: str) -> None:
    (features / "encoder" / "spec.json").write_text(text)
    seal(Features, features)
    with pytest.raises(ArtifactError, match=r"spec\.json cannot be read"):
        _ = Features.open(features).encoder


def test_features_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_encoder(tmp_path, TINY, WEIGHTS, ["grid"])
    write_shard(tmp_path, "questions", 0, {"grid": np.zeros((2, 5, 32), np.float32)})
    seal(Features, tmp_path)
    with pytest.raises(ArtifactError, match=r"its encoder makes \(16, 32\)"):
        Features.open(tmp_path).view("questions")
