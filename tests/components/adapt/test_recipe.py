"""Recipes: what ships is sound, and what cannot be trained is refused in words before any work."""

from typing import Any

import pytest
from pydantic import ValidationError

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.recipe import AdaptationRecipe, Phase, load_recipe, recipe_names
from inkling.components.shared.config import ConfigError

PHASE = {
    "name": "align", "data": ["caption"], "objectives": ["next_token"], "train": ["connector"], "epochs": 1,
    "batch": 4, "learning_rate": 0.001,
}  # fmt: skip
RECIPE = {"connector": "mlp", "fusion": "prefix", "phases": [PHASE]}


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_is_sound_and_states_its_departures(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.about
    assert recipe.departures
    assert "instruct" in [phase.name for phase in recipe.phases]
    assert AdaptationRecipe.model_validate(recipe.model_dump(mode="json")) == recipe


def test_the_laptop_recipe_starts_with_a_contrastive_loss() -> None:
    laptop = load_recipe("laptop")
    assert [phase.name for phase in laptop.phases] == ["start", "align", "instruct"]
    assert [(one.type, one.weight) for one in laptop.phases[0].objectives] == [("word_contrast", 1.0)]
    assert [set(phase.train) for phase in laptop.phases] == [{"connector"}, {"connector"}, {"connector", "language"}]


def test_an_unknown_recipe_is_refused_naming_the_valid_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown adaptation recipe 'labtop'\. Did you mean 'laptop'\? Valid: .*laptop"
    ):
        load_recipe("labtop")


def test_a_wrong_part_is_refused_naming_the_valid_ones() -> None:
    expected = r"unknown part to train in phase 'align' 'conector'\. Did you mean 'connector'\? Valid: connector, "
    with pytest.raises(ValidationError, match=expected):
        AdaptationRecipe.model_validate({**RECIPE, "phases": [{**PHASE, "train": ["connector", "conector"]}]})


def test_a_wrong_objective_is_refused_naming_the_valid_ones() -> None:
    with pytest.raises(ValidationError, match=r"unknown objective 'next'.*Valid: .*next_token, .*word_contrast"):
        Phase.model_validate({**PHASE, "objectives": ["next"]})


@pytest.mark.parametrize(
    "change",
    [
        {"data": []},
        {"data": ["images"]},
        {"train": []},
        {"epochs": -1},
        {"blind": 1.1},
        {"objectives": []},
        {"steps": 3},
    ],
)
def test_a_phase_out_of_range_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Phase.model_validate({**PHASE, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"train": ["connector"]},
        {"train": ["connector", "language"], "objectives": ["word_contrast"]},
        {"train": ["connector", "language"], "objectives": ["word_contrast", {"type": "next_token", "weight": 0}]},
    ],
)
@pytest.mark.parametrize("blind", [0.1, 1.0])
def test_batches_without_images_need_text_to_learn_from_and_a_part_that_reads_it(
    change: dict[str, Any], blind: float
) -> None:
    with pytest.raises(ValidationError, match="a batch without the image has only text to learn from"):
        Phase.model_validate({**PHASE, **change, "blind": blind})


def test_a_phase_may_be_blind_altogether_where_the_language_model_trains() -> None:
    assert Phase.model_validate({**PHASE, "train": ["language"], "blind": 1.0}).blind == 1.0


def test_a_phase_whose_objectives_do_not_reach_what_trains_is_refused() -> None:
    with pytest.raises(ValidationError, match="word_contrast train the connector alone, but .* are language"):
        Phase.model_validate({**PHASE, "train": ["language"], "objectives": ["word_contrast"]})


def test_objectives_that_weigh_nothing_are_not_computed_and_cannot_stand_alone() -> None:
    off = {"type": "word_contrast", "weight": 0.0}
    phase = Phase.model_validate({**PHASE, "objectives": [off, "next_token"]})
    assert [one.type for one in phase.active] == ["next_token"]
    with pytest.raises(ValidationError, match="every objective of word_contrast has weight 0"):
        Phase.model_validate({**PHASE, "objectives": [off]})


def test_an_objective_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="an objective stands twice among next_token, next_token"):
        Phase.model_validate({**PHASE, "objectives": ["next_token", {"type": "next_token", "weight": 2}]})


def test_two_phases_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two phases have one name: align, align"):
        AdaptationRecipe.model_validate({**RECIPE, "phases": [PHASE, PHASE]})


def test_the_papers_recipe_has_its_numbers() -> None:
    align, instruct = load_recipe("lsbs").phases
    assert (align.train, align.learning_rate, align.warmup) == (("connector",), 1e-3, 0.06)
    assert (instruct.train, instruct.learning_rate, instruct.warmup) == (("connector", "language"), 4e-5, 0.03)
    assert instruct.text_only == 0.43
    assert all((phase.batch, phase.epochs, phase.weight_decay) == (512, 1, 0) for phase in (align, instruct))


@pytest.mark.parametrize("name", ["lsbs-blind", "laptop-blind"])
def test_blind_tuning_and_its_control_differ_in_the_image_of_one_phase(name: str) -> None:
    blind, control = (load_recipe(one).phases for one in (name, f"{name}-control"))
    assert len(blind) == len(control)
    (place,) = (place for place, phase in enumerate(blind) if phase.blind == 1)
    assert [one for one in blind if one != blind[place]] == [one for one in control if one != control[place]]
    same = ("data", "epochs", "batch", "learning_rate", "warmup", "text_only")
    assert all(getattr(blind[place], field) == getattr(control[place], field) for field in same)
    assert blind[place].train == ("language",)


@pytest.mark.parametrize("name", ["vila", "laptop-vila"])
def test_a_frozen_language_model_is_all_that_vilas_ablation_changes(name: str) -> None:
    trained, frozen = (load_recipe(one).phases for one in (name, f"{name}-frozen"))
    (place,) = (place for place, phase in enumerate(trained) if phase != frozen[place])
    assert trained[place].model_copy(update={"train": ("connector",)}) == frozen[place]


def test_a_recipe_that_trains_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="every phase has 0 epochs: the recipe trains nothing"):
        AdaptationRecipe.model_validate({**RECIPE, "phases": [{**PHASE, "epochs": 0}]})
    with pytest.raises(ConfigError, match="every phase has 0 epochs"):
        AdaptConfig.parse({"adapt": {"epochs": {"start": 0, "align": 0, "instruct": 0}}})


READING = {**PHASE, "data": ["interleaved"]}


@pytest.mark.parametrize(
    ("phase", "parts", "message"),
    [
        (
            READING,
            {"fusion": "cross_attention"},
            "'align' reads interleaved documents, but fusion 'cross_attention' kn",
        ),
        (READING, {"fusion": "ee_mllm"}, "fusion 'ee_mllm' knows one image a sequence: use prefix"),
        (READING, {"connector": "early_fusion"}, "in which nothing is asked, but connector 'early_fusion' reads the q"),
        (
            {**READING, "objectives": ["word_contrast", "next_token"]},
            {},
            "word_contrast learns from an image with what",
        ),
        ({**READING, "objectives": ["asvr", "next_token"]}, {}, "asvr learns from an image with what is known of it"),
        ({**PHASE, "documents": "pairs"}, {}, "'documents: pairs' cuts interleaved documents: add 'interleaved' to 'd"),
    ],
)
def test_documents_that_a_recipe_cannot_read_are_refused(
    phase: dict[str, Any], parts: dict[str, str], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        AdaptationRecipe.model_validate({**RECIPE, **parts, "phases": [phase]})


def test_an_objective_of_no_weight_is_no_reason_to_refuse_documents() -> None:
    objectives = [{"type": "word_contrast", "weight": 0}, "next_token"]
    recipe = AdaptationRecipe.model_validate({**RECIPE, "phases": [{**READING, "objectives": objectives}]})
    assert recipe.phases[0].reads_documents


def test_images_cannot_be_left_out_of_documents() -> None:
    section = {"recipe": {**RECIPE, "phases": [READING]}, "drop": {"images": 0.5}}
    with pytest.raises(ConfigError, match="drop.images leaves images out .* phase 'align' reads whole documents"):
        AdaptConfig.parse({"adapt": section})
