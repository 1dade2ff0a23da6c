"""Study files: all that ship are usable, mistakes are refused by name, and any part can be taken."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from inkling.components.shared.config import ConfigError
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.file import Study

RECIPE, PRESET = "mixture.recipe", "pretrain.preset"
SMALL: dict[str, Any] = {
    "title": "Two mixtures",
    "source": "LSBS Table 2",
    "axes": {RECIPE: ["mix0", "mix6"], PRESET: ["tiny", "laptop"], "seed": [0, 1]},
    "figures": {"accuracy": {"kind": "bars", "title": "t", "x": RECIPE, "series": PRESET, "measure": "visual"}},
    "contrasts": [{"axis": RECIPE, "pairs": [["mix6", "mix0"]]}, {"axis": PRESET, "baseline": "tiny"}],
}


def small(**changes: Any) -> Study:
    return Study.model_validate({**SMALL, **changes})


@pytest.mark.parametrize("name", study_file.names())
def test_every_shipped_study_says_what_it_answers_and_draws_a_figure(name: str) -> None:
    study = study_file.load(name)
    assert study.question.endswith("?") and study.source and study.figures and study.contrasts
    assert study.num_runs > len(study.axes["seed"])


def test_the_figures_and_tables_of_the_paper_are_studies_of_their_names() -> None:
    paper = {
        "scale": 54, "sources": 51, "proportions": 123, "grid": 60, "interpolation": 36, "structure": 243,
        "encoders": 30, "instruction": 27, "existence": 51, "reasoning": 30, "scale-up": 12, "blind": 18, "vila": 12,
        "data-efficiency": 18, "fewer-images": 18, "transfer": 9, "traces": 30, "alignment": 30,
        "interleaved": 12,
    }  # fmt: skip
    runs = {name: study_file.load(name).num_runs for name in study_file.names()}
    assert {**runs, **paper} == runs


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "study.colour"),
        ({"axes": {}}, "study.axes"),
        ({"axes": {"seed": []}}, "axis 'seed' has no value"),
        ({"axes": {"scenes.test": [2, 3]}, "figures": {}, "contrasts": []}, "different questions are no one study"),
        ({"axes": {"mixture.recip": ["mix0"]}}, "Did you mean 'mixture.recipe'"),
        ({"axes": {**SMALL["axes"], "share": [1]}}, "unknown axis 'share'"),
        ({"common": {RECIPE: {"labels": {"code": "$part"}}}}, r"refers to '\$part'"),
        ({"common": {"mixture.vocabular": 300}}, "Did you mean 'mixture.vocabulary'"),
        ({"leave_out": [{RECIPE: ["mix9"]}]}, "label of mixture.recipe in leave_out, entry 1 'mix9'"),
        ({"leave_out": [{RECIPE: ["mix0"], "seed": [1]}]}, "change stages that are run apart"),
        ({"twin": {"axes": {PRESET: ["3BB"], "sed": [0]}}}, "sed"),
        ({"published": {"t": {"source": "s", "columns": {"a": "", "b": ""}, "rows": [[1]]}}}, "row 1 of s has 1 cells"),
        (
            {"axes": {"adapt.epochs": {"a": {}}, "adapt.epochs.start": [1]}},
            "'adapt.epochs.start' is a part of the axis",
        ),
        ({"claims": ["finding-7"]}, "unknown claim of the paper 'finding-7'"),
        ({"figures": {"a": {"kind": "pie"}}}, "figures.a.kind"),
        ({"figures": {"a": {"kind": "bars", "title": "t", "measure": "visual"}}}, "the figure 't' needs an axis"),
        (
            {"figures": {"a": {"kind": "correlations", "title": "t", "x": RECIPE, "measure": "visual"}}},
            "the figure 't' is over all models",
        ),
        ({"figures": {"../a": {"kind": "bars", "title": "t", "x": RECIPE, "measure": "visual"}}}, "it names a file"),
        ({"figures": {"a": {"kind": "bars", "title": "t", "x": "adapt.recipe", "measure": "visual"}}}, "adapt.recipe"),
        ({"contrasts": [{"axis": RECIPE, "baseline": "no pretraining"}]}, "unknown label of mixture.recipe"),
        (
            {"axes": {"seed": [0]}, "figures": {}, "contrasts": [], "baseline": {"no_pretraining": True}},
            "axis of the text",
        ),
        (
            {"axes": {"scenes.train": [40, 50]}, "figures": {}, "contrasts": [], "baseline": {"no_pretraining": True}},
            "leave it out, or the axis scenes.train",
        ),
    ],
)
def test_a_study_that_cannot_be_made_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**SMALL, **change}))
    with pytest.raises(ConfigError, match=words):
        study_file.load(str(tmp_path / "study.yaml"))


def test_an_unknown_study_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'interpolation'"):
        study_file.load("interpolations")


def test_the_no_pretraining_baseline_is_a_label_of_the_axes_of_the_text() -> None:
    study = small(baseline={"no_pretraining": True}, contrasts=[{"axis": RECIPE, "baseline": "no pretraining"}])
    assert study.comparison().labels[RECIPE] == ["mix0", "mix6", "no pretraining"]
    assert study.comparison().labels[PRESET] == ["tiny", "laptop"]
    assert study.num_runs == 12


def test_a_part_of_a_study_keeps_what_can_be_drawn_and_tested() -> None:
    part = small().only([f"{PRESET}=laptop", "seed=1,0"])
    assert part.axes == {
        RECIPE: {"mix0": "mix0", "mix6": "mix6"},
        PRESET: {"laptop": "laptop"},
        "seed": {"1": 1, "0": 0},
    }
    assert [one.axis for one in part.contrasts] == [RECIPE]
    assert set(part.figures) == {"accuracy"} and part.num_runs == 4
    assert part.comparison().contrasts == part.contrasts
    assert part.comparison().limits == (f"No run was asked for of {PRESET} tiny.",), "both seeds were"


def test_numbers_of_the_paper_for_labels_left_out_are_left_out() -> None:
    part = study_file.load("interpolation").only([f"{RECIPE}=mix0,mix6"])
    paper = part.figures["accuracy"].paper
    assert paper and [row.value for row in paper.rows] == [32.4, 33.3]
    scale = study_file.load("scale").only([f"{PRESET}=micro"]).figures["accuracy"].paper
    assert scale and len(scale.rows) == 40, "labels that are the paper's own stay"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("seed", "must read axis=label"),
        ("sed=0", "Did you mean 'seed'"),
        ("seed=3", "unknown label of seed '3'"),
        (f"{RECIPE}=mix0,mix66", "Did you mean 'mix6'"),
    ],
)
def test_a_part_that_is_not_there_is_refused(choice: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        small().only([choice])
