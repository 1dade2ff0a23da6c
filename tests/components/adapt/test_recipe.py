"""Recipes: what ships is sound, and what cannot be trained is refused in words before any work."""

from typing import Any

import pytest
from pydantic import ValidationError

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
    assert recipe.phases[-1].name == "instruct"
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
    with pytest.raises(ValidationError, match=r"unknown objective 'next'.*Valid: .*next_token, word_contrast"):
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
