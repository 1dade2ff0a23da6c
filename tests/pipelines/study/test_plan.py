"""The plan of a study: its runs, their labels and settings, and the parameters of the pipeline."""

import json
from typing import Any

import pytest
import yaml

from inkling.components.compare.config import FigureConfig
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.scenes.config import ScenesConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import digest_of
from inkling.pipelines import profiles
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.file import Study
from inkling.pipelines.study.plan import MAX_BYTES, StudyPlan

RECIPE, PRESET = "mixture.recipe", "pretrain.preset"
SIZES = {"340M", "1B", "3B", "7B", "13B"}
TWINS = {
    **{name: {"3B"} for name in ("interpolation", "proportions", "sources", "grid", "structure", "instruction")},
    **{name: {"3B"} for name in ("existence", "reasoning")},
    **{name: {"7B"} for name in ("scale-up", "blind", "vila")},
    "scale": SIZES,
}
"""The studies of the paper that have a twin which packages alone can plan, and the sizes of its language models."""
IMAGE = f"placement.images={{inkling/train-gpu: registry.example/train-gpu@sha256:{'0' * 64}}}"
PICTURES = "scenes.conversations=[]"


def study_of(baseline: bool = False, **axes: Any) -> Study:
    stated = {name.replace("__", "."): values for name, values in axes.items()}
    settings = {"title": "t", "source": "s", "axes": stated, "baseline": {"no_pretraining": baseline}}
    return Study.model_validate(settings)


@pytest.fixture(scope="module")
def cluster() -> str:
    return profiles.load("cluster", ["pretrain.context=128"])


@pytest.mark.parametrize("name", study_file.names())
def test_every_shipped_study_fits_one_pipeline(name: str) -> None:
    study = study_file.load(name)
    runs = StudyPlan.of(study, study.profile("laptop")).runs()
    assert len(runs) == study.num_runs
    for run in runs:
        profiles.check_recipe(run.settings)


@pytest.mark.parametrize("name", [name for name in study_file.names() if name in TWINS])
def test_every_twin_makes_its_runs_from_the_paper_s_sizes(name: str) -> None:
    study = study_file.load(name, twin=True)
    runs = StudyPlan.of(study, study.profile(study_file.TWINS, [IMAGE, PICTURES])).runs()
    assert len(runs) == study.num_runs
    sizes = {str(run.settings["pretrain"]["preset"]) for run in runs}
    assert sizes == TWINS[name]
    assert {run.settings["pretrain"]["optimization"] for run in runs} == {"lsbs"}
    assert all(run.settings["mixture"]["vocabulary"] == 32_000 for run in runs)


def test_a_twin_without_its_images_is_refused() -> None:
    study = study_file.load("scale", twin=True)
    with pytest.raises(ConfigError, match=r"train-gpu.* is named by no digest"):
        study.profile(study_file.TWINS, [PICTURES])
    with pytest.raises(ConfigError, match=r"captions and instructions with their images.*state scenes.conversations"):
        study.profile(study_file.TWINS, [IMAGE])
    encoders = study_file.load("encoders", twin=True)
    with pytest.raises(ConfigError, match="facebook/metaclip-b16-fullcc2.5b"):
        StudyPlan.of(encoders, encoders.profile(study_file.TWINS, [IMAGE, PICTURES]))


def test_no_tokens_are_the_no_pretraining_baseline_once_a_size() -> None:
    study = study_file.load("scale").only(["seed=0", "pretrain.token_budget=0,0.1M"])
    plan = StudyPlan.of(study, study.profile("laptop"))
    stages = [PretrainConfig.parse(run.settings) for run in plan.runs()]
    assert [(one.preset, one.no_pretraining, one.steps > 0) for one in stages] == [
        (preset, none, not none) for preset in ("micro", "mini", "tiny") for none in (True, False)
    ]
    assert len(plan.parameters()["pretrained"]) == 6


def test_settings_of_a_study_reach_its_runs_and_give_way_to_the_user_s() -> None:
    study = study_file.load("scale")
    assert profiles.stage_config("mixture").parse(study.profile("laptop")).recipe == "web-crawl"
    stated = study.profile("laptop", ["mixture={recipe: mix0}", "seed=4"])
    assert profiles.stage_config("mixture").parse(stated).recipe == "mix0"


@pytest.mark.parametrize("name", ["ways-in", "objectives", "starts", "recipes", "procedures"])
def test_systems_are_compared_on_enough_questions_beside_a_linear_probe(name: str) -> None:
    study = study_file.load(name)
    plan = StudyPlan.of(study, study.profile("laptop"))
    assert all(ScenesConfig.parse(run.before).test >= 400 for run in plan.runs())
    assert plan.probed is (name in ("ways-in", "objectives", "starts"))


def test_cells_that_are_left_out_are_not_run() -> None:
    study = study_file.load("grid")
    cells = {
        (run.labels["reasoning"], run.labels["visual"]) for run in StudyPlan.of(study, study.profile("tiny")).runs()
    }
    assert len(cells) == 30 and ("60", "30") in cells and ("70", "20") not in cells


def test_a_run_has_its_values_and_each_level_only_its_own_sections(cluster: str) -> None:
    study = study_of(True, mixture__recipe=["mix0", "mix6"], pretrain__preset=["tiny", "laptop"], seed=[3, 4])
    plan = StudyPlan.of(study, cluster)
    runs = plan.runs()
    found = [
        (run.settings["mixture"]["recipe"], run.settings["pretrain"]["preset"], run.settings["seed"]) for run in runs
    ]
    variants = [("tiny", 3), ("tiny", 4), ("laptop", 3), ("laptop", 4)]
    assert found == [(recipe, *variant) for recipe in ("mix0", "mix6", "mix0") for variant in variants]
    assert [run.no_pretraining for run in runs] == [False] * 8 + [True] * 4
    assert runs[0].labels == {RECIPE: "mix0", PRESET: "tiny", "seed": "3"}
    assert runs[-1].labels == {RECIPE: "no pretraining", PRESET: "laptop", "seed": "4"}
    parameters = plan.parameters()
    text, variant = (set(yaml.safe_load(parameters[name][0]["config"])) for name in ("texts", "variants"))
    shared = {"seed", "threads", "token_budget"}
    assert "mixture" in text <= {*shared, "mixture"}
    assert "pretrain" in variant <= {*shared, "pretrain", "adapt", "evaluate"}
    assert parameters["baseline"] == parameters["texts"][0]["config"]
    assert plan.looped == ("mixture",)


def test_a_language_model_is_known_by_the_settings_that_it_records(cluster: str) -> None:
    plan = StudyPlan.of(study_of(True, mixture__recipe=["mix0"], seed=[3, 4]), cluster)
    parameters = plan.parameters()
    for variant, seed in zip(parameters["variants"], "34", strict=True):
        for stated in ({}, {"no_pretraining": True}):
            recorded = PretrainConfig.parse(variant["config"], **stated).determinants()
            assert parameters["pretrained"][digest_of(json.loads(json.dumps(recorded)))] == {"seed": seed}
    assert len(parameters["pretrained"]) == 4


def test_recipes_by_labels_reach_the_runs() -> None:
    study = study_file.load("proportions").only(["label=reasoning", "seed=0"])
    run = StudyPlan.of(study, study.profile("tiny")).runs()[1]
    recipe = profiles.stage_config("mixture").parse(run.settings).recipe
    assert recipe.labels == {"reasoning": 0.25}
    assert run.labels == {"label": "reasoning", "share": "25", "seed": "0"}


def test_axes_after_pretraining_are_fields_of_each_variant_and_share_its_language_model() -> None:
    axes = {"mixture__recipe": ["mix6"], "adapt__seed": [5, 6], "encode__encoder": ["tiny-random"]}
    plan = StudyPlan.of(study_of(**axes, seed=[0, 1]), profiles.load("tiny"))
    parameters = plan.parameters()
    assert [sorted(variant) for variant in parameters["variants"]] == [["adapt_0", "adapt_1", "config"]] * 2
    adapts = [yaml.safe_load(parameters["variants"][1][plan.adapt_field(number)]) for number in (0, 1)]
    assert [(one["adapt"]["seed"], one["seed"]) for one in adapts] == [(5, 1), (6, 1)]
    assert plan.evaluate_field(0) == "config" and len(parameters["pretrained"]) == 2
    assert yaml.safe_load(plan.encoder_config(0) or "")["encode"]["encoder"] == "tiny-random"
    assert [plan.labels_of(way)["adapt.seed"] for way in plan.ways] == ["5", "6"]
    settings = [(run.settings["adapt"]["seed"], run.settings["encode"]["encoder"]) for run in plan.runs()]
    assert settings == [(5, "tiny-random"), (6, "tiny-random")] * 2


def test_one_value_of_an_axis_after_pretraining_reaches_the_runs_too() -> None:
    plan = StudyPlan.of(study_of(adapt__seed=[5], seed=[0]), profiles.load("tiny"))
    (variant,) = plan.parameters()["variants"]
    assert yaml.safe_load(variant[plan.adapt_field(0)])["adapt"]["seed"] == 5


def test_an_axis_of_the_corpus_puts_the_stages_from_it_on_into_the_loop() -> None:
    plan = StudyPlan.of(study_of(corpus__similarity=[1, 0.9], mixture__recipe=["mix0", "mix6"]), profiles.load("tiny"))
    assert plan.looped == ("corpus", "label", "mixture")
    assert len(plan.texts) == 4 and len(plan.variants) == 1
    assert {"corpus", "mixture"} <= set(yaml.safe_load(plan.parameters()["texts"][0]["config"]))


@pytest.mark.parametrize(
    ("axes", "overrides", "words"),
    [
        ({"mixture__recipe": ["mix66"]}, [], "mix66"),
        ({"pretrain__preset": ["huge"]}, [], "huge"),
        ({"seed": {"a": 1, "b": 1}}, [], "same settings: seed=a and seed=b"),
        ({"seed": [0, 1]}, ["pretrain.seed=3"], "same settings: seed=0 and seed=1"),
        ({"mixture__recipe": {"a": "mix0", "b": "mix0"}}, [], "same settings"),
    ],
)
def test_runs_that_cannot_be_made_are_refused(axes: dict[str, Any], overrides: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        StudyPlan.of(study_of(**axes), profiles.load("tiny", overrides))


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"suite": "mmbench"}, "suite of figure 'accuracy'.*'mmbench'. Valid: scenes, transfer"),
        ({"category": "Existance"}, "Did you mean 'Existence'"),
        ({"suite": "transfer", "category": "General"}, "category of suite 'transfer' in figure 'accuracy' 'General'"),
    ],
)
def test_a_figure_of_questions_that_are_not_asked_is_refused(figure: dict[str, str], words: str) -> None:
    stated = {"kind": "bars", "title": "t", "x": RECIPE, "measure": "visual", **figure}
    study = study_of(mixture__recipe=["mix0"]).model_copy(update={"figures": {"accuracy": FigureConfig(**stated)}})
    with pytest.raises(ConfigError, match=words):
        StudyPlan.of(study, profiles.load("tiny"))


def test_a_study_too_large_for_one_pipeline_divides_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(True, mixture__recipe=["mix0", "mix3", "mix6"], seed=list(range(40)))
    profile = profiles.load("tiny")
    assert len(StudyPlan.parts(study, profile)) == 1
    monkeypatch.setattr("inkling.pipelines.study.plan.MAX_BYTES", 6_000)
    plans = StudyPlan.parts(study, profile)
    assert len(plans) > 2 and all(plan.bytes <= 6_000 for plan in plans)
    whole = [run.name for run in StudyPlan.of(study, profile).runs()]
    divided = [run.name for plan in plans for run in plan.runs()]
    assert sorted(divided) == sorted(whole) and len(whole) == 160
    monkeypatch.setattr("inkling.pipelines.study.plan.MAX_BYTES", 100)
    with pytest.raises(ConfigError, match="one run of the study takes"):
        StudyPlan.parts(study, profile)


def test_three_hundred_runs_have_room_in_one_argument(cluster: str) -> None:
    recipes = {f"blend-{share:02d}": {"code": share / 100, "web-crawl": 1 - share / 100} for share in range(30)}
    study = study_of(mixture__recipe=recipes, pretrain__preset=["tiny", "laptop"], seed=[0, 1, 2, 3, 4])
    plan = StudyPlan.of(study, cluster)
    assert len(plan.runs()) == study.num_runs == 300
    assert len(json.dumps(plan.parameters())) < MAX_BYTES / 8
