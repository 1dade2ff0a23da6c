"""Questions from masks: no existing thing among what is denied, buckets by the masks, words that tell nothing."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation, to_rle
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.store import produce
from inkling.components.suites.build import build_suites
from inkling.components.suites.config import SuitesConfig
from inkling.components.suites.existence.build import build_existence, read_synonyms
from inkling.tests.components.suites.conftest import Scenes, picture
from inkling.tests.components.suites.existence.coco import CLASSES, HEIGHT, WIDTH, drawn, write

SCENES = [drawn(np.random.default_rng(number)) for number in range(160)]


@cache
def shares(number: int) -> dict[str, float]:
    """Share of a scene's pixels by class, each pixel counted once."""
    found = {}
    for word, _ in SCENES[number]:
        seen = {
            (x, y)
            for one, (left, top, right, bottom) in SCENES[number]
            for x in range(left, right)
            for y in range(top, bottom)
            if one == word
        }
        found[CLASSES[word]] = len(seen) / (HEIGHT * WIDTH)
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("existence")
    found = build_existence(*write(folder, SCENES), folder / "existence.parquet", seed=3, smallest=0.02)
    rows = pq.read_table(folder / "existence.parquet").to_pylist()
    assert found.pictures == len(rows) / 3 and found.left_out == len(SCENES) - found.pictures
    assert sum(found.questions.values()) == len(rows)
    assert 0.25 <= found.guesser < 0.27
    return folder / "existence.parquet", rows


def test_what_is_right_is_there_and_nothing_else(built: tuple[Path, list[dict[str, Any]]]) -> None:
    for row in built[1]:
        seen = shares(int(row["image"]["path"][:3]))
        if row["family"] == "appearance":
            assert len(set(row["choices"])) == 4 and set(row["choices"]) & set(seen) == {row["answer"]}
            assert row["share"] == pytest.approx(seen[row["answer"]]) and row["share"] >= 0.02
        else:
            asked = row["question"].removesuffix(" in the image?").split(" ", 3)[3]
            assert (asked in seen) == (row["answer"] == "yes") and asked in CLASSES
        bucket = "small" if row["share"] < 0.3 else "medium" if row["share"] < 0.6 else "large"
        assert row["size_bucket"] == bucket


def test_words_and_places_tell_nothing(built: tuple[Path, list[dict[str, Any]]]) -> None:
    four = [row for row in built[1] if row["family"] == "appearance"]
    right = Counter(row["answer"] for row in four)
    listed = Counter(choice for row in four for choice in row["choices"])
    assert {word: count / right[word] for word, count in listed.items()} == {
        word: pytest.approx(4, rel=0.03) for word in CLASSES
    }
    places = Counter(row["choices"].index(row["answer"]) for row in four)
    assert min(places.values()) > 0.7 * len(four) / 4
    yes_or_no = Counter((row["family"], row["answer"]) for row in built[1] if row["family"] != "appearance")
    assert {family: yes_or_no[family, "yes"] for family in ("random", "popular", "adversarial")} == {
        family: yes_or_no[family, "no"] for family in ("random", "popular", "adversarial")
    }


def test_buckets_are_as_even_as_pictures_allow_and_can_be_bounded(tmp_path: Path) -> None:
    found = build_existence(*write(tmp_path, SCENES), tmp_path / "f.parquet", per_bucket=8)
    counts = [found.questions["Four choices", bucket] for bucket in ("small", "medium", "large")]
    assert counts == [8, 8, 8]


def test_popular_and_adversarial_ones_are_those(tmp_path: Path) -> None:
    half = (0, 0, WIDTH, HEIGHT // 2)
    pairs = (
        [[(0, half), (1, half)]] * 30
        + [[(2, half)]] * 40
        + [[(0, half)]]
        + [[(number, half)] for number in range(3, 8)]
    )
    build_existence(*write(tmp_path, pairs), tmp_path / "f.parquet")
    for row in pq.read_table(tmp_path / "f.parquet").to_pylist():
        asked = row["question"].split()[3]
        if row["answer"] == "no" and row["family"] == "popular":
            assert asked in ("apple", "boat", "cat", "door", "egg")
        if row["answer"] == "no" and row["family"] == "adversarial" and row["image"]["path"] == "070.png":
            assert asked in ("boat", "cat", "door")


def test_the_suite_reads_what_was_built(
    built: tuple[Path, list[dict[str, Any]]], scenes: Questions, tmp_path: Path
) -> None:
    config = SuitesConfig.parse({"suites": {"read": ["scenes", {"suite": "existence", "data": str(built[0])}]}})
    questions = build_suites(config, scenes.path, tmp_path / "questions").suites()["existence"]
    assert len(questions) == len(built[1])
    assert Counter(one.size_bucket for one in questions) == Counter(row["size_bucket"] for row in built[1])
    assert {one.family for one in questions} == {"appearance", "random", "popular", "adversarial"}
    assert all(one.chance == (0.25 if one.family == "appearance" else 0.5) for one in questions)


def test_rendered_scenes_are_read_by_their_own_masks(tmp_path: Path) -> None:
    def mask(rows: int) -> tuple[int, ...]:
        return to_rle(np.arange(32)[:, None].repeat(32, 1) < rows)

    def draft(one: Any) -> None:
        notes = [
            ImageAnnotation(f"test-{number}", 32, 32, (
                AnnotatedObject("object", CLASSES[number], "", "", (0, 0, 32, 32), 0.5, counts=mask(4 * number + 4)),
                AnnotatedObject("sign", "sign", "", "stop", (0, 0, 1, 1), 0.1, counts=mask(1)),
            ))
            for number in range(6)
        ]  # fmt: skip
        rows = [
            Question(
                f"q{number}", f"test-{number}", "test-0", "What?", ["a", "b"], "a", "General", "object", "none", "test"
            )
            for number in range(6)
        ]
        write_questions(one.path, [(f"test-{number}", picture(number)) for number in range(6)], rows, notes)

    made = produce(Questions, tmp_path / "scenes", Scenes(), {}, draft)
    build_existence(made.path, None, tmp_path / "f.parquet")
    rows = [row for row in pq.read_table(tmp_path / "f.parquet").to_pylist() if row["family"] == "appearance"]
    assert [(row["answer"], row["share"]) for row in rows] == [(CLASSES[n], (4 * n + 4) / 32) for n in range(6)]
    with pytest.raises(ConfigError, match="leave out the folder"):
        build_existence(made.path, tmp_path, tmp_path / "f.parquet")


def test_synonyms_are_not_asked_against_each_other(tmp_path: Path) -> None:
    (tmp_path / "same.json").write_text(json.dumps([["apple", "boat", "cat"]]))
    groups = read_synonyms(tmp_path / "same.json")
    build_existence(*write(tmp_path, SCENES), tmp_path / "f.parquet", synonyms=groups)
    for row in pq.read_table(tmp_path / "f.parquet").to_pylist():
        seen = set(shares(int(row["image"]["path"][:3])))
        wrong = set(row["choices"]) - {row["answer"]} if row["family"] == "appearance" else set[str]()
        wrong |= {row["question"].split()[3]} if row["answer"] == "no" else set()
        assert not (seen & set(groups[0]) and wrong & set(groups[0]))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    where = write(tmp_path, SCENES[:40])
    for name in ("one", "two"):
        build_existence(*where, tmp_path / f"{name}.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_what_cannot_be_used_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    annotations, images = write(tmp_path, SCENES[:20])
    output = tmp_path / "f.parquet"
    for name, damage in (("002.png", b"no picture"), ("005.png", picture(5))):
        (images / name).write_bytes(damage)
    with pytest.raises(
        ConfigError, match="(?s)2 pictures cannot be used.*002.png: not an image.*005.png: it has 32 x 32"
    ):
        build_existence(annotations, images, output)
    for arguments, words in (
        ((annotations, None, output), "state the folder"),
        ((annotations, images, tmp_path / "f.csv"), "ends in .parquet"),
        ((annotations, images, output, 0, 1.0), "nothing to ask: no thing covers 100"),
        ((annotations, images, output, 0, 0.1, None, [["cat", "catt"]]), "unknown class among the synonyms 'catt'"),
    ):
        with pytest.raises(ConfigError, match=words):
            build_existence(*arguments)  # type: ignore[arg-type]
    few = write(tmp_path, [[]], categories=[{"id": 0, "name": "cat"}])
    with pytest.raises(ConfigError, match=r"1 classes \(cat\), and four choices need four"):
        build_existence(*few, output)
    (tmp_path / "same.json").write_text('["cat", "dog"]')
    with pytest.raises(ConfigError, match="no list of lists"):
        read_synonyms(tmp_path / "same.json")
    assert [path.name for path in tmp_path.iterdir() if "parquet" in path.name] == []
