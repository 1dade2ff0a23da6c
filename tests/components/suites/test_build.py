"""One Questions artifact of all suites; the rendered scenes' questions stay as they are."""

from pathlib import Path
from typing import Any

from inkling.components.artifacts.questions import Questions
from inkling.components.suites.build import build_suites
from inkling.components.suites.config import SuitesConfig


def build(scenes: Questions, output: Path, *read: Any) -> Questions:
    return build_suites(SuitesConfig.parse({"suites": {"read": list(read)}}), scenes.path, output)


def test_suites_stand_one_after_the_other(scenes: Questions, mmbench: Path, tmp_path: Path) -> None:
    made = build(scenes, tmp_path / "questions", "scenes", {"suite": "mmbench", "data": str(mmbench)})
    suites = made.suites()
    assert list(suites) == ["scenes", "mmbench"]
    assert suites["scenes"] == scenes.questions()
    assert len(suites["mmbench"]) == 8
    images = made.images()
    assert dict(list(images.items())[:2]) == scenes.images()
    for question in suites["mmbench"]:
        assert question.mismatched_image_id in images
        assert question.mismatched_image_id.startswith("mmbench/") and question.mismatched_image_id != question.image_id
    credits = (made.path / "ATTRIBUTION.md").read_text()
    assert "- fonts 1: their designers (OFL)" in credits
    assert "- MMBench 2: https://github.com/open-compass/MMBench (Apache-2.0); 1 rows are of other splits" in credits


def test_the_scenes_can_be_left_out(scenes: Questions, mmbench: Path, tmp_path: Path) -> None:
    made = build(scenes, tmp_path / "questions", {"suite": "mmbench", "data": str(mmbench)})
    assert list(made.suites()) == ["mmbench"]
    assert not set(scenes.images()) & set(made.images())
    assert "fonts" not in (made.path / "ATTRIBUTION.md").read_text()


def test_a_suite_reads_a_questions_artifact(scenes: Questions, tmp_path: Path) -> None:
    other = {"suite": "scenes", "name": "other", "artifact": str(scenes.path)}
    suites = build(scenes, tmp_path / "questions", "scenes", other).suites()
    assert [one.question_id for one in suites["other"]] == [f"other/{one.question_id}" for one in scenes.questions()]
    assert {one.suite for one in suites["other"]} == {"other"}


def test_the_same_data_give_the_same_bytes(scenes: Questions, mmbench: Path, tmp_path: Path) -> None:
    read = {"suite": "mmbench", "data": str(mmbench)}
    assert build(scenes, tmp_path / "one" / "q", read).digest == build(scenes, tmp_path / "two" / "q", read).digest
