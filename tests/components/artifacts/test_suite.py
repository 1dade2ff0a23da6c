"""Suites are read from names, files and mappings, and refused in words where they cannot be used."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from inkling.components.artifacts.suite import SCENES, carried, load_suite, rendered_scenes, shipped_suites
from inkling.components.shared.config import ConfigError

MINE: dict[str, Any] = {
    "name": "mine",
    "version": 1,
    "title": "My suite",
    "licence": "CC0",
    "source": "drawn by hand",
    "data": "data/*.jsonl",
    "columns": {"question": "q", "image": "i", "choices": ["a", "b"], "answer": "right"},
}


def test_the_shipped_suites_can_be_read() -> None:
    assert {"mle-bench", "mmbench", SCENES} <= set(shipped_suites())
    for name in shipped_suites():
        assert load_suite(name).name == name


def test_data_lie_beside_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(MINE))
    suite = load_suite(str(tmp_path / "mine.yaml"))
    assert suite.data == (str(tmp_path / "data/*.jsonl"),)
    assert suite.version == "1"


def test_a_suite_takes_over_another_one_but_what_it_replaces() -> None:
    suite = load_suite({"suite": "mmbench", "data": "/my/dev.parquet", "max_words": 50})
    assert (suite.data, suite.max_words, suite.title) == (("/my/dev.parquet",), 50, "MMBench")


def test_a_profile_carries_the_content_of_files(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(MINE))
    section = carried({"read": [SCENES, str(tmp_path / "mine.yaml")], "seed": 3})
    assert section["seed"] == 3
    assert section["read"][0] == SCENES
    assert load_suite(yaml.safe_load(yaml.safe_dump(section))["read"][1]) == load_suite(str(tmp_path / "mine.yaml"))


def test_a_changed_shipped_suite_is_carried_too() -> None:
    changed = {"suite": SCENES, "headline": {"mean": "questions"}}
    (read,) = carried({"read": [changed]})["read"]
    assert load_suite(read).headline.mean == "questions" != rendered_scenes()[0].headline.mean


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"titel": "x"}, r"unknown key 'suite mine.titel'. Did you mean 'suite mine.title'\?"),
        ({"columns": {**MINE["columns"], "picture": "i"}}, r"mine.columns: unknown key 'picture'. Valid: answer, "),
        ({"size_buckets": {"small": ["s"]}}, r"sorts `size_buckets`, but `columns.size_bucket` names no column"),
        ({"size_buckets": {"tiny": ["s"]}}, r"size_buckets.*small"),
        ({"columns": {**MINE["columns"], "answer_as": "number"}}, r"answer_as.*'letter', 'index' or 'text'"),
        ({"metric": "f1"}, r"suite mine.metric: unknown metric 'f1'. Valid: accuracy"),
        ({"headline": {"mean": "rows"}}, r"headline.mean.*'families' or 'questions'"),
        ({"categories": [{"name": "A"}], "headline": {"categories": ["B"]}}, r"category of `headline` 'B'.*Valid: A"),
        ({"name": "My suite"}, r"name.*pattern"),
        ({"data": []}, r"suite 'mine' has no data: state `data`"),
        ({"columns": None}, r"suite 'mine' has no columns"),
        ({"artifact": "questions"}, r"states `artifact` and `data`"),
        ({"splits": {"test": ["dev"]}}, r"`columns.split` names no column"),
        ({"splits": {"train": ["x"]}, "columns": {**MINE["columns"], "split": "s"}}, r"'validation' or 'test'"),
        ({"splits": {"validation": ["x"]}, "columns": {**MINE["columns"], "split": "s"}}, r"which values are test"),
        ({"prompt": "{picture}"}, r"may use \{hint\} and \{question\} only"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_is_valid(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_suite({**MINE, **changed})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"read": ["scnes"]}, r"unknown suite 'scnes'. Did you mean 'scenes'\?"),
        ({"read": ["./nowhere.yaml"]}, r"there is no suite ./nowhere.yaml"),
        ({"read": []}, r"name at least one suite"),
        ({"read": ["scenes", "scenes"]}, r"two suites have one name"),
        ({"read": [3]}, r"a suite is a name, a YAML file or a mapping, not 3"),
    ],
)
def test_unusable_lists_of_suites_are_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        carried(section)
