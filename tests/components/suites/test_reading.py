"""Rows become questions as the columns say; broken ones are named."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from inkling.components.artifacts.suite import load_suite
from inkling.components.suites.reading import Read, SuiteError, read_suite


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), (200, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


PNG = _png()
ROW = {
    "question": "Which?",
    "image": base64.b64encode(PNG).decode(),
    "choices": ["one", "two", "three", "four", "five"],
    "answer": "C",
}


def read(path: Path, rows: list[dict[str, Any]], columns: dict[str, Any] | None = None, **suite: Any) -> Read:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    named = {name: name for name in ("question", "image", "choices", "answer")}
    stated = {"name": "mine", "version": 1, "title": "Mine", "licence": "CC0", "source": "here", "data": str(path)}
    return read_suite(load_suite({**stated, "columns": {**named, **(columns or {})}, **suite}), [path])


def test_mmbench_is_read_by_its_public_columns(mmbench: Path) -> None:
    suite = load_suite({"suite": "mmbench", "data": str(mmbench)})
    found = read_suite(suite, [mmbench])
    assert [one.question_id for one in found.questions] == [f"mmbench/{index}" for index in range(8)]
    first, second, third = found.questions[:3]
    assert first.question == "What is shown in image 0?"
    assert second.question == "Look closely.\nWhat is shown in image 1?"
    assert (first.choices, first.answer) == (["a cat 0", "a dog", "a boat", "a tree"], "a cat 0")
    assert (third.choices, third.chance) == (["a cat 0", "a dog"], 0.5)
    assert (second.category, second.family) == ("coarse_perception", "image_scene")
    assert {one.split for one in found.questions} == {"test"}
    assert found.left_out == {"are of other splits": 1}
    assert len(found.images) == 8
    assert set(found.images) == {one.image_id for one in found.questions}


@pytest.mark.parametrize(("kind", "answer"), [("letter", "c"), ("index", 2), ("text", "three")])
def test_the_answer_is_a_letter_an_index_or_a_text(tmp_path: Path, kind: str, answer: str | int) -> None:
    found = read(tmp_path / "rows.jsonl", [{**ROW, "answer": answer}], {"answer_as": kind})
    assert found.questions[0].answer == "three"
    assert found.questions[0].chance == 0.2


def test_letters_count_the_choices_that_are_missing(tmp_path: Path) -> None:
    (question,) = read(tmp_path / "rows.jsonl", [{**ROW, "choices": ["one", None, "three"]}]).questions
    assert (question.choices, question.answer) == (["one", "three"], "three")


def test_images_are_base64_bytes_or_structs(tmp_path: Path) -> None:
    uri = "data:image/png;base64," + ROW["image"]  # type: ignore[operator]
    found = read(tmp_path / "rows.jsonl", [ROW, {**ROW, "image": uri}, {**ROW, "image": {"bytes": ROW["image"]}}])
    assert list(found.images.values()) == [PNG]
    assert len({one.image_id for one in found.questions}) == 1


def test_clusters_sizes_and_splits_are_taken_from_their_columns(tmp_path: Path) -> None:
    rows = [
        {**ROW, "group": "g", "size": "small", "part": "val", "kind": "k"},
        {**ROW, "group": "g", "size": None, "part": "held out", "kind": "k"},
        {**ROW, "group": "h", "size": "large", "part": "train", "kind": "k"},
    ]
    columns = {"cluster": "group", "size_bucket": "size", "split": "part", "family": "kind"}
    splits = {"validation": ["val"], "test": ["held out"]}
    found = read(tmp_path / "rows.jsonl", rows, columns, splits=splits).questions
    assert [(one.cluster, one.size_bucket, one.split, one.family) for one in found] == [
        ("g", "small", "validation", "k"),
        ("g", "none", "test", "k"),
    ]
    assert {one.category for one in found} == {"Mine"}


def test_long_questions_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path / "rows.jsonl", [ROW, {**ROW, "question": "Which of these is it ?"}], max_words=3)
    assert len(found.questions) == 1
    assert found.left_out == {"are longer than 3 words": 1}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"question": " "}, r"row 2 \(id 7\): it has no question \(column 'question'\)"),
        ({"answer": "F"}, r"the answer 'F' names no choice. Valid: A, B, C, D, E"),
        ({"answer": None}, r"it has no answer"),
        ({"choices": ["one"]}, r"it has 1 choices, and two are needed"),
        ({"choices": "one"}, r"holds no list of choices"),
        ({"choices": ["one", "two", "one"]}, r"two of its choices are the same"),
        ({"image": None}, r"it has no image"),
        ({"image": "pictures/1.png"}, r"a path is not followed"),
        ({"image": base64.b64encode(b"no picture").decode()}, r"not an image in one of the formats"),
        ({"kind": "other"}, r"category 'other' is none of the suite's: known"),
        ({"size": "huge"}, r"unknown bucket 'huge'"),
        ({"key": 1}, r"the id mine/1 comes twice"),
    ],
)
def test_broken_rows_are_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    whole = {**ROW, "key": 1, "kind": "known", "size": "small"}
    columns = {"id": "key", "category": "kind", "size_bucket": "size"}
    with pytest.raises(SuiteError, match=message) as error:
        read(tmp_path / "rows.jsonl", [whole, {**whole, "key": 7, **changed}], columns, categories=[{"name": "known"}])
    assert "suite 'mine': 1 rows cannot be used" in str(error.value)


def test_a_family_of_two_categories_is_refused(tmp_path: Path) -> None:
    rows = [{**ROW, "kind": "a", "f": "same"}, {**ROW, "kind": "b", "f": "same"}]
    with pytest.raises(SuiteError, match=r"row 2: family 'same' is of category 'b', and before of 'a'"):
        read(tmp_path / "rows.jsonl", rows, {"category": "kind", "family": "f"})


def test_a_suite_without_a_test_question_is_refused(tmp_path: Path) -> None:
    rows = [{**ROW, "part": "train"}]
    with pytest.raises(SuiteError, match=r"suite 'mine' has no test question: 1 rows are of other splits"):
        read(tmp_path / "rows.jsonl", rows, {"split": "part"}, splits={"test": ["test"]})


def test_mle_bench_is_read_by_its_public_columns(tmp_path: Path) -> None:
    """Bytes as datasets write them, choices as a list, the answer as text, buckets by the share of pixels."""
    tasks = ("existence_0-30", "existence_30-60", "existence_60-100")
    rows = [
        {"image": {"bytes": PNG, "path": None}, "question": f"Which of these appears? {number}",
         "choices": ["cat", "dog", "boat", "tree"], "answer": "boat", "sub_task": task}
        for number, task in enumerate(tasks)
    ]  # fmt: skip
    path = tmp_path / "mle_bench.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    suite = load_suite({"suite": "mle-bench", "data": str(path)})
    read = read_suite(suite, [path])
    assert [(one.size_bucket, one.answer, one.family) for one in read.questions] == [
        (bucket, "boat", "MLE-Bench") for bucket in ("small", "medium", "large")
    ]
    pq.write_table(pa.Table.from_pylist([{**rows[0], "sub_task": "existence_0-10"}]), path)
    with pytest.raises(SuiteError, match="'existence_0-10' is none of the suite's size buckets: existence_0-30, "):
        read_suite(suite, [path])
