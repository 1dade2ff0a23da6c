"""Recipes and configuration: what is shipped is sound, and a wrong name is refused naming the valid ones."""

import pytest
from pydantic import ValidationError

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.objectives import OBJECTIVES as IMPLEMENTED
from inkling.components.adapt.recipes import OBJECTIVES, PARTS, Recipe, StageRecipe, recipes
from inkling.components.shared.config import ConfigError

STAGE = {
    "name": "align", "data": ["caption"], "objectives": {"next_token": 1.0}, "train": ["connector"], "epochs": 1,
    "batch": 4, "learning_rate": 0.001,
}  # fmt: skip


def test_the_shipped_recipes_are_sound_and_departures_are_told() -> None:
    assert "laptop" in recipes()
    laptop = recipes()["laptop"]
    assert [stage.name for stage in laptop.stages] == ["start", "align", "instruct"]
    assert laptop.stages[0].objectives == {"match_words": 1.0}
    assert [set(stage.train) for stage in laptop.stages] == [{"connector"}, {"connector"}, {"connector", "language"}]
    assert laptop.departures


def test_every_named_objective_is_implemented() -> None:
    assert set(OBJECTIVES) == set(IMPLEMENTED)


def test_a_wrong_part_is_refused_naming_the_valid_ones() -> None:
    with pytest.raises(
        ValidationError, match=rf"unknown part 'conector'\. Did you mean 'connector'\? Valid: {', '.join(PARTS)}"
    ):
        StageRecipe.model_validate({**STAGE, "train": ["conector"]})


def test_a_wrong_objective_is_refused_naming_the_valid_ones() -> None:
    with pytest.raises(ValidationError, match=r"unknown objective 'next'.*Valid: match_words, next_token"):
        StageRecipe.model_validate({**STAGE, "objectives": {"next": 1.0}})


@pytest.mark.parametrize("change", [{"data": []}, {"data": ["images"]}, {"train": []}, {"epochs": -1}, {"blind": 1.0}])
def test_a_stage_out_of_range_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StageRecipe.model_validate({**STAGE, **change})


def test_blind_batches_need_text_to_predict() -> None:
    with pytest.raises(ValidationError, match="blind batch"):
        StageRecipe.model_validate({**STAGE, "objectives": {"match_words": 1.0}, "blind": 0.1})


def test_two_stages_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="two stages have one name: align, align"):
        Recipe.model_validate({"about": "", "stages": [STAGE, STAGE]})


def test_an_unknown_recipe_is_refused_naming_the_valid_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown recipe of adaptation 'labtop'\. Did you mean 'laptop'\? Valid: .*laptop"
    ):
        AdaptConfig.parse({"adapt": {"recipe": "labtop"}})


def test_epochs_of_an_unknown_stage_are_refused_naming_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown stage of the recipe 'instuct'.*Valid: align, instruct, start"):
        AdaptConfig.parse({"adapt": {"epochs": {"instuct": 1}}})


def test_a_profile_sets_the_epochs_of_a_stage_and_nothing_else() -> None:
    stages = AdaptConfig.parse({"adapt": {"epochs": {"align": 0.25}}}).stages()
    assert stages[1].epochs == 0.25
    assert stages[1].model_copy(update={"epochs": 0}) == recipes()["laptop"].stages[1].model_copy(update={"epochs": 0})
    assert stages[2] == recipes()["laptop"].stages[2]
