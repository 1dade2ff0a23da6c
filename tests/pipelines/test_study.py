"""Studies: files, the runs they mean, the compiled fan-out and fan-in, and a small one run for real."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from inkling.components.config import ConfigError
from inkling.pipelines import profiles, study_file
from inkling.pipelines.compile import compile_study, compile_study_for_cluster, read_ir
from inkling.pipelines.study_file import Study

SMALL = {"title": "Two mixtures", "figure": "LSBS Table 2", "recipes": {"mix0": "mix0", "mix6": "mix6"}, "seeds": [0]}


def test_every_shipped_study_names_its_figure_and_fits_one_pipeline() -> None:
    for name in study_file.names():
        study = study_file.load(name)
        assert study.figure.startswith("LSBS")
        assert study_file.runs(study, profiles.load("cluster", ["pretrain.context=128"]))


def test_a_run_is_told_apart_and_carries_only_its_own_sections() -> None:
    study = Study(**{**SMALL, "seeds": [3, 4], "presets": ["tiny", "laptop"], "nothing": True})
    runs = study_file.runs(study, profiles.load("cluster", ["pretrain.context=128"]))
    assert len(runs) == 12 == len({(run["recipe"], run["size"], run["seed"]) for run in runs})
    config = yaml.safe_load(runs[0]["config"])
    assert (config["seed"], config["mixture"]["recipe"], config["pretrain"]["preset"]) == (3, "mix0", "tiny")
    assert set(config) <= {"seed", "threads", "token_budget", "mixture", "pretrain", "adapt", "evaluate"}
    assert [run["nothing"] for run in runs[:3]] == [False, False, True]


def test_recipes_by_labels_reach_the_runs() -> None:
    run = study_file.runs(study_file.load("reasoning"), profiles.load("tiny"))[1]
    recipe = profiles.stage_config("mixture").parse(run["config"]).recipe
    assert recipe.labels == {"reasoning": 0.25}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recipes": {"a": "mix66"}}, "mix66"),
        ({"recipes": {}}, "recipes"),
        ({"presets": ["huge"]}, "huge"),
        ({"colour": "red"}, "study.colour"),
        ({"seeds": list(range(1000))}, r"make \d study files of it"),
    ],
)
def test_a_study_that_cannot_be_made_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**SMALL, **change}))
    with pytest.raises(ConfigError, match=words):
        study_file.runs(study_file.load(str(tmp_path / "study.yaml")), profiles.load("tiny"))


def test_an_unknown_study_is_told() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'mixtures'"):
        study_file.load("mixture")


def test_shared_stages_stand_outside_the_loop_and_the_table_gathers_it(tmp_path: Path) -> None:
    alone = [f"{stage}.parts=1" for stage in ("corpus", "label", "mixture")]
    compile_study_for_cluster(profiles.load("cluster", alone), tmp_path)
    ir = read_ir(tmp_path / "pipeline.yaml")
    tasks = ir["root"]["dag"]["tasks"]
    assert set(tasks) == {"preflight", "corpus", "label", "scenes", "encode", "for-loop-1", "compare"}
    loop = tasks["for-loop-1"]
    assert loop["iteratorPolicy"] == {"parallelismLimit": 16}
    inside = ir["components"][loop["componentRef"]["name"]]["dag"]["tasks"]
    assert set(inside) == {"mixture", "pretrain", "adapt", "evaluate"}
    assert tasks["compare"]["dependentTasks"] == ["for-loop-1"]


def test_three_hundred_runs_compile_in_seconds_and_fit_one_argument(tmp_path: Path) -> None:
    recipes = {f"blend-{share:02d}": {"code": share / 100, "web-crawl": 1 - share / 100} for share in range(30)}
    study = Study(**{**SMALL, "recipes": recipes, "presets": ["tiny", "laptop"], "seeds": [0, 1, 2, 3, 4]})
    runs = study_file.runs(study, profiles.load("cluster", ["pretrain.context=128"]))
    compile_study(tmp_path / "pipeline.yaml")
    assert len(runs) == 300
    assert len(json.dumps(runs)) < study_file.MAX_BYTES
    assert (tmp_path / "pipeline.yaml").stat().st_size < 1_000_000


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.data
def test_a_small_study_runs_here_and_a_second_time_makes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    from inkling.pipelines.local.run import run_study

    monkeypatch.setenv("INKLING_HOME", str(tmp_path))
    study, profile = Study(**{**SMALL, "nothing": True}), profiles.load("tiny")
    with Path("/dev/null").open("w") as nowhere:
        first = run_study(study, profile, "small", Console(file=nowhere))
        time.sleep(1.1)  # directories of studies are named by the second
        made = {path.name for path in (tmp_path / "store").iterdir()}
        second = run_study(study, profile, "small", Console(file=nowhere))
    assert second.digest == first.digest
    assert {path.name for path in (tmp_path / "store").iterdir()} == made
    assert [row["recipe"] for row in first.scores()["runs"]] == ["mix0", "mix6", "nothing"]
    assert sum(name.startswith("scenes-") for name in made) == 1
