"""Studies: files, the runs they mean, the compiled fan-out and fan-in, and a small one run for real."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from inkling.components.shared.config import ConfigError
from inkling.pipelines import profiles
from inkling.pipelines.ir import compile_study, compile_study_for_cluster, read_ir
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.file import Study

SMALL = {"title": "Two mixtures", "figure": "LSBS Table 2", "recipes": {"mix0": "mix0", "mix6": "mix6"}, "seeds": [0]}


def test_every_shipped_study_names_its_figure_and_fits_one_pipeline() -> None:
    for name in study_file.names():
        study = study_file.load(name)
        assert study.figure.startswith("LSBS")
        assert study_file.parameters(study, profiles.load("cluster", ["pretrain.context=128"]))


def test_a_run_is_told_apart_and_carries_only_its_own_sections() -> None:
    study = Study(**{**SMALL, "seeds": [3, 4], "presets": ["tiny", "laptop"], "nothing": True})
    asked = study_file.parameters(study, profiles.load("cluster", ["pretrain.context=128"]))
    runs = study_file.runs(asked)
    told = [(run["mixture"]["recipe"], run["pretrain"]["preset"], run["seed"]) for run in runs]
    variants = [("tiny", 3), ("tiny", 4), ("laptop", 3), ("laptop", 4)]
    assert told == [(recipe, *variant) for recipe in ("mix0", "mix6", "mix0") for variant in variants]
    recipe, variant = (set(yaml.safe_load(asked[name][0]["config"])) for name in ("recipes", "variants"))
    shared = {"seed", "threads", "token_budget"}
    assert "mixture" in recipe <= {*shared, "mixture"}
    assert "pretrain" in variant <= {*shared, "pretrain", "adapt", "evaluate"}
    assert [(one["size"], one["seed"]) for one in asked["variants"]] == variants
    assert asked["control"] == asked["recipes"][0]["config"]


def test_recipes_by_labels_reach_the_runs() -> None:
    run = study_file.runs(study_file.parameters(study_file.load("reasoning"), profiles.load("tiny")))[3]
    recipe = profiles.stage_config("mixture").parse(run).recipe
    assert recipe.labels == {"reasoning": 0.25}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recipes": {"a": "mix66"}}, "mix66"),
        ({"recipes": {}}, "recipes"),
        ({"presets": ["huge"]}, "huge"),
        ({"colour": "red"}, "study.colour"),
        ({"seeds": list(range(1000))}, r"make \d study files of it"),
        ({"seeds": [1, 1]}, "the same size and seed"),
        ({"recipes": {"nothing": "mix0"}, "nothing": True}, "give it another name"),
    ],
)
def test_a_study_that_cannot_be_made_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**SMALL, **change}))
    with pytest.raises(ConfigError, match=words):
        study_file.parameters(study_file.load(str(tmp_path / "study.yaml")), profiles.load("tiny"))


def test_a_seed_that_the_profile_fixes_is_refused() -> None:
    with pytest.raises(ConfigError, match="the same size and seed"):
        study_file.parameters(Study(**{**SMALL, "seeds": [0, 1]}), profiles.load("tiny", ["pretrain.seed=3"]))


def test_an_unknown_study_is_told() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'mixtures'"):
        study_file.load("mixture")


def test_shared_stages_stand_outside_the_loops_and_tokens_outside_the_loop_over_seeds(tmp_path: Path) -> None:
    alone = [f"{stage}.parts=1" for stage in ("corpus", "label", "mixture")]
    study = Study(**{**SMALL, "seeds": list(range(8)), "nothing": True})
    compile_study_for_cluster(study, profiles.load("cluster", alone), tmp_path)
    ir = read_ir(tmp_path / "pipeline.yaml")
    tasks = ir["root"]["dag"]["tasks"]
    shared = {"preflight", "corpus", "label", "scenes", "encode", "compare"}
    assert set(tasks) == {*shared, "mixture", "for-loop-1", "compare-part", "for-loop-2"}
    assert tasks["for-loop-1"]["iteratorPolicy"] == {"parallelismLimit": 8}
    assert "compare-part" in tasks["for-loop-2"]["dependentTasks"]
    inside = ir["components"][tasks["for-loop-2"]["componentRef"]["name"]]["dag"]["tasks"]
    assert set(inside) == {"mixture-2", "for-loop-3", "compare-part-2"}
    limits = [loop["iteratorPolicy"]["parallelismLimit"] for loop in (tasks["for-loop-2"], inside["for-loop-3"])]
    assert limits == [2, 8]
    for loop in (tasks["for-loop-1"], inside["for-loop-3"]):
        names = ir["components"][loop["componentRef"]["name"]]["dag"]["tasks"]
        assert {name.removesuffix("-2") for name in names} == {"pretrain", "adapt", "evaluate"}
    assert {"compare-part", "for-loop-2"} == set(tasks["compare"]["dependentTasks"])


def test_a_study_without_a_control_has_no_tasks_for_it(tmp_path: Path) -> None:
    study = Study(**SMALL)
    compile_study(study, tmp_path / "pipeline.yaml")
    assert {"mixture", "compare-part"}.isdisjoint(read_ir(tmp_path / "pipeline.yaml")["root"]["dag"]["tasks"])
    assert "control" not in study_file.parameters(study, profiles.load("tiny"))


def test_three_hundred_runs_compile_in_seconds_and_have_room_in_one_argument(tmp_path: Path) -> None:
    recipes = {f"blend-{share:02d}": {"code": share / 100, "web-crawl": 1 - share / 100} for share in range(30)}
    study = Study(**{**SMALL, "recipes": recipes, "presets": ["tiny", "laptop"], "seeds": [0, 1, 2, 3, 4]})
    asked = study_file.parameters(study, profiles.load("cluster", ["pretrain.context=128"]))
    compile_study(study, tmp_path / "pipeline.yaml")
    assert len(study_file.runs(asked)) == 300
    assert len(json.dumps(asked)) < study_file.MAX_BYTES / 8
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
    study, profile = Study(**{**SMALL, "seeds": [0, 1], "nothing": True}), profiles.load("tiny")
    with Path("/dev/null").open("w") as nowhere:
        first = run_study(study, profile, "small", Console(file=nowhere))
        time.sleep(1.1)  # directories of studies are named by the second
        made = {path.name for path in (tmp_path / "store").iterdir()}
        second = run_study(study, profile, "small", Console(file=nowhere))
    assert second.digest == first.digest
    assert {path.name for path in (tmp_path / "store").iterdir()} == made
    told = [(row["recipe"], row["seed"]) for row in first.scores()["runs"]]
    assert told == [(recipe, seed) for recipe in ("mix0", "mix6", "nothing") for seed in (0, 1)]
    stages = Counter(name.partition("-")[0] for name in made)
    assert [stages[name] for name in ("scenes", "mixture", "pretrain", "evaluate", "compare")] == [1, 2, 6, 6, 4]
