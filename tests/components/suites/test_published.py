"""Every published suite that ships is read by its public columns, out of a Parquet file that this test writes."""

import base64
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inkling.components.artifacts.metric import Given
from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import load_suite, shipped_suites
from inkling.components.shared.config import ConfigError
from inkling.components.suites.config import SuitesConfig
from inkling.components.suites.reading import Read, SuiteError, read_suite
from inkling.tests.components.suites.samples import SAMPLES, Rows

PUBLISHED = sorted({*shipped_suites()} - {"scenes", "transfer", "existence", "snare"})


def stated(name: str, folder: Path, rows: Rows | None = None, **changed: Any) -> dict[str, Any]:
    """A suite with its sample, or other rows, written as Parquet."""
    sample = SAMPLES[name]
    pq.write_table(pa.Table.from_pylist(rows or sample.rows), folder / "rows.parquet")
    suite = {"suite": name, "data": str(folder / "rows.parquet"), **changed}
    if sample.images:
        pq.write_table(pa.Table.from_pylist(sample.images), folder / "images.parquet")
        suite["pictures"] = {"data": str(folder / "images.parquet"), "id": "id", "image": "image"}
    return suite


def read(suite: dict[str, Any]) -> Read:
    """What is read of it, after the checks that come before any work."""
    config = SuitesConfig.parse({"suites": {"read": [suite]}})
    (one,) = config.read
    return read_suite(one, config.files[one.name], config.picture_files[one.name])


def test_each_has_a_sample_a_place_and_a_licence() -> None:
    assert set(SAMPLES) == set(PUBLISHED)
    for name in PUBLISHED:
        suite = load_suite(name)
        assert suite.hub and suite.licence and suite.tried
        assert suite.hub.revision == "unpinned" or len(suite.hub.revision) == 40


@pytest.mark.parametrize("name", PUBLISHED)
def test_its_public_columns_are_read(name: str, tmp_path: Path) -> None:
    found = read(stated(name, tmp_path))
    shown = [(one.question, one.choices, one.answer, one.answers, one.family) for one in found.questions]
    assert shown == SAMPLES[name].questions
    assert dict(found.left_out) == SAMPLES[name].left_out
    assert {one.image_id for one in found.questions} == set(found.images)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_right_answers_are_worth_everything_by_its_own_metric(name: str, tmp_path: Path) -> None:
    metric = load_suite(name).metric
    questions = read(stated(name, tmp_path)).questions
    scores = {one.question_id: metric.score(one, _right(one)) for one in questions}
    items = metric.total(scores, {one.question_id: one.group for one in questions})
    assert set(items.values()) == {1.0}


def _right(question: Question) -> Given:
    parts = question.answer.split("<OR>")[0].replace("<AND>", " ")
    return Given(parts, question.correct if question.choices else None)


def test_what_is_not_there_is_refused_with_where_to_get_it() -> None:
    with pytest.raises(ConfigError, match=r"suite 'pope': there is no file .*pope/data/test-\*.parquet") as error:
        SuitesConfig.parse({"suites": {"read": ["pope"]}})
    assert "published at https://huggingface.co/datasets/lmms-lab/POPE (revision 4db1276" in str(error.value)


def test_a_table_of_images_is_checked_and_enters_the_key(tmp_path: Path) -> None:
    suite = stated("gqa", tmp_path)
    before = SuitesConfig.parse({"suites": {"read": [suite]}}).determinants()
    other = [{**row, "id": f"{row['id']}"} for row in SAMPLES["gqa"].images[:2]]
    pq.write_table(pa.Table.from_pylist(other), tmp_path / "images.parquet")
    assert SuitesConfig.parse({"suites": {"read": [suite]}}).determinants() != before
    with pytest.raises(ConfigError, match=r"column of suite 'gqa' in images.parquet \(pictures.id\) 'name'"):
        SuitesConfig.parse({"suites": {"read": [{**suite, "pictures": {**suite["pictures"], "id": "name"}}]}})
    pq.write_table(pa.Table.from_pylist(other[:1]), tmp_path / "images.parquet")
    with pytest.raises(SuiteError, match="row 2 .*its image 'n1' is not in the table of images"):
        read(suite)


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("ai2d", {"options": ["fox", "hare", "hare"]}, "two of its choices are the same: fox, hare, hare"),
        ("ai2d", {"answer": "0, 1"}, "2 of its choices are right, and one may be: 0, 1"),
        ("blink", {"answer": "A and B"}, "2 of its choices are right, and one may be: A, B"),
        ("blink", {"answer": "hidden"}, "the answer 'hidden' names no choice. Valid: A, B"),
        ("blink", {"answer": ["A", "B"]}, "2 of its choices are right, and one may be: A, B"),
        ("ai2d", {"options": [str(n) for n in range(27)]}, "it has 27 choices, and there are letters for 26"),
        ("ai2d", {"image": {"bytes": None, "path": "1.png"}}, "it has no image"),
        ("seed-bench", {"image": []}, "it has no image"),
        (
            "seed-bench",
            {"image": SAMPLES["seed-bench"].rows[1]["image"][:2]},
            "it shows several images, and one is read",
        ),
        ("mmmu", {"options": "[unclosed"}, "column 'options' writes no list: '.unclosed'"),
        ("mmmu", {"options": "__import__('os')"}, "column 'options' writes no list"),
        ("mmbench", {"index": "x"}, "'x' is no number, and only those below 1e.06 are read"),
        ("vqav2", {"answers": []}, r"it has no answer \(column 'answers.answer'\)"),
        ("pope", {"answer": "maybe"}, "the answer 'maybe' is none of the choices: yes, no"),
        ("mme", {"category": "taste"}, "category 'taste' is none of the suite's: existence, count"),
    ],
)
def test_rows_that_cannot_be_used_are_refused_by_name(
    tmp_path: Path, name: str, changed: dict[str, Any], message: str
) -> None:
    whole = SAMPLES[name].rows[0]
    alone = any(type(value) is not type(whole[key]) for key, value in changed.items())  # a column has one type
    rows = [{**whole, **changed}] if alone else [{**whole}, {**whole, **changed}]
    columns = load_suite(name).columns
    if columns is not None and columns.id and not alone:
        rows[1][columns.id] = type(whole[columns.id])(f"{whole[columns.id]}0")
    with pytest.raises((SuiteError, ConfigError), match=message):
        read(stated(name, tmp_path, rows))


def test_an_image_with_one_question_is_none_of_mmes_pairs(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="suite 'mme': MME asks two questions of an image, and one has 1"):
        read(stated("mme", tmp_path, SAMPLES["mme"].rows[:1]))


def test_an_empty_suite_is_refused_before_work(tmp_path: Path) -> None:
    suite = stated("ai2d", tmp_path)
    pq.write_table(pa.Table.from_pylist(SAMPLES["ai2d"].rows).slice(0, 0), tmp_path / "rows.parquet")
    with pytest.raises(ConfigError, match="rows.parquet has no row"):
        read(suite)
    suite = stated("cv-bench-coco", tmp_path, [{**SAMPLES["cv-bench-coco"].rows[0], "source": "other"}])
    with pytest.raises(SuiteError, match="suite 'cv-bench-coco' has no test question: 1 rows are of another part"):
        read(suite)


def test_two_suites_of_one_name_are_refused(tmp_path: Path) -> None:
    suite = stated("ai2d", tmp_path)
    with pytest.raises(ConfigError, match="two suites have one name: ai2d, ai2d"):
        SuitesConfig.parse({"suites": {"read": [suite, {**suite, "title": "Another"}]}})


def test_a_metric_of_groups_needs_choices(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="suite 'mmmu': the metric circular needs choices for every question"):
        load_suite({"suite": "mmmu", "metric": "circular"})
    with pytest.raises(ConfigError, match="suite 'blink' states `choices` and `columns.choices`"):
        load_suite({"suite": "blink", "choices": ["yes", "no"]})


def test_json_lines_have_fields_too(tmp_path: Path) -> None:
    rows = SAMPLES["vqav2"].rows
    path = tmp_path / "rows.jsonl"
    encoded = [{**row, "image": {"bytes": base64.b64encode(row["image"]["bytes"]).decode()}} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in encoded))
    found = read({"suite": "vqav2", "data": str(path)}).questions
    assert [one.answers for one in found] == [question[3] for question in SAMPLES["vqav2"].questions]
