"""A study that several pipelines have run has one table and one page: those that one pipeline would have made."""

import builtins
from pathlib import Path

import pytest
from kfp import compiler, components, local
from typer.testing import CliRunner

from inkling.components.compare.build import build_compare, build_compare_part, build_compare_runs
from inkling.components.compare.config import CompareConfig, ScoreConfig
from inkling.pipelines import profiles
from inkling.pipelines.cli import app
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.joint import joint_table
from inkling.pipelines.study.plan import StudyPlan
from inkling.tests.components.compare.conftest import make_answers, make_model, pretrained_labels

STUDY = """
title: Two mixtures
question: does it matter?
source: ours
axes: {mixture.recipe: [mix0, mix6], seed: [0, 1]}
figures: {accuracy: {kind: intervals, title: Right answers, x: mixture.recipe, measure: visual}}
contrasts: [{axis: mixture.recipe, pairs: [[mix6, mix0]]}]
"""


def part(place: Path, recipe: str, rights: tuple[int, int], questions: int = 40) -> Path:
    """What a pipeline of one mixture leaves as `run_scores`."""
    answers = [make_answers(place / f"answers-{seed}", right, questions) for seed, right in enumerate(rights)]
    models = [make_model(place / f"model-{seed}", 4.0 + rights[seed] / 10, seed=seed) for seed in (0, 1)]
    config = ScoreConfig(
        labels_in_common={"mixture.recipe": recipe}, pretrained=pretrained_labels(*models, axes=("seed",))
    )
    scored = build_compare_part(config, answers, models, place / "scored")
    return build_compare_runs([scored.path], place / "run_scores").path


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INKLING_HOME", str(tmp_path / "home"))
    (tmp_path / "two.yaml").write_text(STUDY)
    return tmp_path / "two.yaml"


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    return [part(tmp_path / "one", "mix0", (12, 15)), part(tmp_path / "two", "mix6", (30, 28))]


def test_a_pipeline_makes_the_table_and_the_page_of_several(
    file: Path, parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builtins, "print", print)  # KFP replaces it
    plan = StudyPlan.of(study_file.load(str(file)), profiles.load("tiny"))
    whole = build_compare(CompareConfig.parse(plan.profile), parts, tmp_path / "whole" / "scores")
    compiler.Compiler().compile(joint_table([str(path) for path in parts]), str(tmp_path / "pipeline.yaml"))
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"))
    components.load_component_from_file(str(tmp_path / "pipeline.yaml"))(config=plan.parameters()["config"])
    (made,) = (tmp_path / "root").glob("*/compare")
    for name in ("scores.json", "scores.csv", "figures/accuracy.svg"):
        assert (made / "scores" / name).read_bytes() == (whole.path / name).read_bytes(), name
    page = (made / "page").read_text()
    assert "Does it matter? Ours." in page and "4 runs, 2 seeds a point." in page
    assert page.count("<svg ") == 1 and "unrounded, in the table scores beside this page" in page


def test_the_command_makes_it_of_folders(file: Path, parts: list[Path], tmp_path: Path) -> None:
    command = ["study", str(file), "--profile", "tiny", "--into", str(tmp_path / "results")]
    for number in (1, 2):
        ran = CliRunner().invoke(app, [*command, *(f"--from={path}" for path in parts[:number])])
        assert ran.exit_code == 0, ran.output
        said = "4 runs, 2 seeds a point." if number == 2 else "2 of the study's 4 runs are not done"
        assert said in (tmp_path / "results" / "two.html").read_text().replace("&#x27;", "'")
    rows = (tmp_path / "results" / "two.csv").read_text().splitlines()
    assert len([row for row in rows if row.endswith("category,family,visual") or ",scenes,,," in row]) == 2


def test_what_is_no_one_study_is_refused_by_name(file: Path, parts: list[Path], tmp_path: Path) -> None:
    def refused(*given: Path, more: tuple[str, ...] = ()) -> str:
        command = ["study", str(file), "--profile", "tiny", *(f"--from={path}" for path in given), *more]
        ran = CliRunner().invoke(app, command)
        assert ran.exit_code != 0
        return " ".join(f"{ran.output} {ran.exception}".split())

    assert "there is no such folder here" in refused(tmp_path / "away")
    assert "pods read an artifact by its URI" in refused(parts[0], more=("--output", str(tmp_path / "compiled")))
    assert not (tmp_path / "compiled").exists()
    assert "two runs of the study have the same labels: mixture.recipe=mix0, seed=0" in refused(parts[0], parts[0])
    other = part(tmp_path / "three", "mix3", (12, 15))
    assert "is no run of 'Two mixtures', whose labels of mixture.recipe are mix0, mix6" in refused(parts[0], other)
    short = part(tmp_path / "four", "mix6", (11, 14), questions=36)
    assert "was evaluated on other questions than mixture.recipe=mix0, seed=0" in refused(parts[0], short)
