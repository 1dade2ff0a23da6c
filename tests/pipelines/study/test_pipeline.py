"""The compiled pipeline of a study: what stands in which loop; and a small study run for real."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inkling.components.shared.config import ConfigError
from inkling.pipelines import profiles
from inkling.pipelines.ir import compile_study, compile_study_for_cluster, read_ir
from inkling.pipelines.study.file import Study
from inkling.pipelines.study.plan import StudyPlan

ALONE = [f"{stage}.parts=1" for stage in ("corpus", "label", "mixture")]


def study_of(baseline: bool = False, **axes: Any) -> Study:
    stated = {name.replace("__", "."): values for name, values in axes.items()}
    settings = {"title": "t", "source": "s", "axes": stated, "baseline": {"no_pretraining": baseline}}
    return Study.model_validate(settings)


def compiled(study: Study, place: Path, profile: str = "cluster") -> dict[str, Any]:
    text = profiles.load(profile, ALONE)
    compile_study_for_cluster(StudyPlan.of(study, text), text, place)
    return read_ir(place / "pipeline.yaml")


def body(ir: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """The tasks of a loop."""
    tasks: dict[str, Any] = ir["components"][task["componentRef"]["name"]]["dag"]["tasks"]
    return tasks


def test_shared_stages_stand_outside_the_loops_and_tokens_outside_the_loop_over_seeds(tmp_path: Path) -> None:
    ir = compiled(study_of(True, mixture__recipe=["mix0", "mix6"], seed=list(range(8))), tmp_path)
    tasks = ir["root"]["dag"]["tasks"]
    shared = {"preflight", "corpus", "label", "scenes", "encode", "compare"}
    assert set(tasks) == {*shared, "mixture", "for-loop-1", "compare-part", "for-loop-2"}
    assert tasks["for-loop-1"]["iteratorPolicy"] == {"parallelismLimit": 8}
    assert "compare-part" in tasks["for-loop-2"]["dependentTasks"]
    inside = body(ir, tasks["for-loop-2"])
    assert set(inside) == {"mixture-2", "for-loop-3", "compare-part-2"}
    limits = [loop["iteratorPolicy"]["parallelismLimit"] for loop in (tasks["for-loop-2"], inside["for-loop-3"])]
    assert limits == [2, 8]
    for loop in (tasks["for-loop-1"], inside["for-loop-3"]):
        assert {name.removesuffix("-2") for name in body(ir, loop)} == {"pretrain", "adapt", "evaluate"}
    assert {"compare-part", "for-loop-2"} == set(tasks["compare"]["dependentTasks"])


def test_a_study_without_a_baseline_has_no_tasks_for_it(tmp_path: Path) -> None:
    plan = StudyPlan.of(study_of(mixture__recipe=["mix0", "mix6"]), profiles.load("tiny"))
    compile_study(plan, tmp_path / "pipeline.yaml")
    assert {"mixture", "compare-part"}.isdisjoint(read_ir(tmp_path / "pipeline.yaml")["root"]["dag"]["tasks"])
    assert "baseline" not in plan.parameters()


def test_a_language_model_is_made_once_for_all_adaptations_and_features_once_an_encoder(tmp_path: Path) -> None:
    axes: dict[str, Any] = {"adapt__seed": [5, 6, 7], "encode__encoder": ["tiny-random", "efficientnet-lite0"]}
    ir = compiled(study_of(mixture__recipe=["mix0"], evaluate__seed=[0, 1], **axes), tmp_path)
    tasks = ir["root"]["dag"]["tasks"]
    assert {name for name in tasks if name.startswith("encode")} == {"encode", "encode-2"}
    inside = body(ir, tasks["for-loop-1"])
    runs = Counter(name.partition("-")[0] for name in body(ir, inside["for-loop-2"]))
    assert runs == {"pretrain": 1, "adapt": 6, "evaluate": 12}
    assert Counter(name.partition("-")[0] for name in inside) == {"mixture": 1, "for": 1, "compare": 12}
    assert "earlier" not in inside["compare-part"]["inputs"]["artifacts"]
    assert (
        inside["compare-part-2"]["inputs"]["artifacts"]["earlier"]["taskOutputArtifact"]["producerTask"]
        == "compare-part"
    )


def test_models_are_probed_once_each_where_a_figure_draws_what_a_probe_measures(tmp_path: Path) -> None:
    figure = {
        "kind": "intervals",
        "title": "t",
        "x": "mixture.recipe",
        "measure": "alignment",
        "where": {"evaluate.seed": "0"},
    }
    axes = {"mixture.recipe": ["mix0"], "evaluate.seed": [0, 1]}
    stated = {"title": "t", "source": "s", "axes": axes, "figures": {"f": figure}}
    with pytest.raises(ConfigError, match=r"draws alignment, and the probes are linear, .*: state probe.probes"):
        StudyPlan.of(Study.model_validate(stated), profiles.load("tiny"))
    study = Study.model_validate({**stated, "common": {"probe.probes": ["alignment"]}})
    plan = StudyPlan.of(study, study.profile("tiny", ALONE))
    compile_study(plan, tmp_path / "pipeline.yaml")
    ir = read_ir(tmp_path / "pipeline.yaml")
    inside = body(ir, ir["root"]["dag"]["tasks"]["for-loop-1"])
    runs = Counter(name.partition("-")[0] for name in body(ir, inside["for-loop-2"]))
    assert runs == {"pretrain": 1, "adapt": 1, "evaluate": 2, "probe": 1}
    for name in ("compare-part", "compare-part-2"):
        assert "measurements" in inside[name]["inputs"]["artifacts"]
    assert "alignment" in plan.parameters()["variants"][0]["config"]
    figure["measure"] = "probe_features"
    assert StudyPlan.of(Study.model_validate(stated), profiles.load("tiny")).probed, "by the linear probe"
    with pytest.raises(ConfigError, match=r"draws probe_features, and the probes are alignment"):
        StudyPlan.of(
            study.model_validate({**stated, "common": {}}), profiles.load("tiny", ["probe.probes=[alignment]"])
        )


@pytest.mark.parametrize(
    ("profile", "waits"),
    [
        ("cluster", [["pretrain"]] * 5),
        ("tiny", [["pretrain"], *(["evaluate", "pretrain"], *([f"evaluate-{n}", "pretrain"] for n in (2, 3, 4)))]),
    ],
)
def test_no_more_runs_are_under_way_than_the_placement_allows(
    profile: str, waits: list[list[str]], tmp_path: Path
) -> None:
    """Sixteen places of the cluster: all five adaptations at once; one place here: one after the other."""
    text = profiles.load(profile, ALONE)
    plan = StudyPlan.of(study_of(mixture__recipe=["mix0"], adapt__seed=[5, 6, 7, 8, 9]), text)
    if profile == "cluster":
        compile_study_for_cluster(plan, text, tmp_path)
    else:
        compile_study(plan, tmp_path / "pipeline.yaml")
    ir = read_ir(tmp_path / "pipeline.yaml")
    tasks = body(ir, body(ir, ir["root"]["dag"]["tasks"]["for-loop-1"])["for-loop-2"])
    names = ["adapt", *(f"adapt-{number}" for number in (2, 3, 4, 5))]
    assert [sorted(tasks[name]["dependentTasks"]) for name in names] == waits


def test_an_axis_of_scenes_makes_all_of_the_text_in_the_loop(tmp_path: Path) -> None:
    ir = compiled(study_of(scenes__train=[40, 50], adapt__seed=[5, 6]), tmp_path)
    tasks = ir["root"]["dag"]["tasks"]
    assert set(tasks) == {"preflight", "for-loop-1", "compare"}
    assert "preflight" in tasks["for-loop-1"]["dependentTasks"]
    names = {name for name in body(ir, tasks["for-loop-1"]) if not name.startswith(("compare", "for"))}
    assert names == {"scenes", "encode", "corpus", "label", "mixture"}


def test_three_hundred_runs_compile_to_a_small_ir(tmp_path: Path) -> None:
    recipes = {f"blend-{share:02d}": {"code": share / 100, "web-crawl": 1 - share / 100} for share in range(30)}
    study = study_of(mixture__recipe=recipes, pretrain__preset=["tiny", "laptop"], seed=[0, 1, 2, 3, 4])
    compile_study(StudyPlan.of(study, profiles.load("cluster", ["pretrain.context=128"])), tmp_path / "pipeline.yaml")
    assert (tmp_path / "pipeline.yaml").stat().st_size < 1_000_000


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.data
def test_a_small_study_runs_here_and_a_second_time_makes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    from inkling.pipelines.local.studies import LocalStudy

    monkeypatch.setenv("INKLING_HOME", str(tmp_path))
    study = study_of(True, mixture__recipe=["mix0", "mix6"], adapt__seed=[5, 6], seed=[0, 1])
    profile = profiles.load("tiny")
    with Path("/dev/null").open("w") as nowhere:
        local = LocalStudy(study, profile, "small")
        assert all(state.done for state in local.run(Console(file=nowhere)))
        first = local.scores()
        made = {path.name for path in (tmp_path / "store").iterdir()}
        local.run(Console(file=nowhere))
        second = local.scores()
    assert first and second
    assert second.digest == first.digest
    assert {path.name for path in (tmp_path / "store").iterdir()} == made
    axes = ("mixture.recipe", "adapt.seed", "seed")
    found = [tuple(row["labels"][axis] for axis in axes) for row in first.scores()["runs"]]
    recipes, adapts = ("mix0", "mix6", "no pretraining"), ("5", "6")
    assert found == [(recipe, adapt, seed) for recipe in recipes for adapt in adapts for seed in ("0", "1")]
    stages = Counter(name.partition("-")[0] for name in made)
    assert [stages[name] for name in ("scenes", "mixture", "pretrain", "adapt", "compare")] == [1, 2, 6, 12, 7]
