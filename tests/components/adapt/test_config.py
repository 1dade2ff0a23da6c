"""The stage's settings: a recipe by name or whole, what a profile changes of it, and what determines the result."""

import pytest

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.recipe import load_recipe
from inkling.components.shared.config import ConfigError

WHOLE = {
    "connector": {"type": "mlp", "intermediate_size": 8},
    "fusion": "prefix",
    "phases": [
        {
            "name": "only", "data": ["instruct"], "objectives": ["next_token"], "train": ["connector", "language"],
            "epochs": 1, "batch": 4, "learning_rate": 0.001,
        }
    ],
}  # fmt: skip


def parse(**section: object) -> AdaptConfig:
    return AdaptConfig.parse({"adapt": section})


def test_a_recipe_is_named_or_stated_whole() -> None:
    assert parse(recipe="laptop").resolved() == parse().resolved() == load_recipe("laptop")
    whole = parse(recipe=WHOLE).resolved()
    assert [phase.name for phase in whole.phases] == ["only"]
    assert whole.connector.model_dump()["intermediate_size"] == 8


def test_an_unknown_recipe_is_refused_naming_the_valid_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown adaptation recipe 'labtop'\. Did you mean 'laptop'\? Valid: .*laptop"
    ):
        parse(recipe="labtop")


def test_a_wrong_key_within_a_whole_recipe_is_refused_with_its_place() -> None:
    phase = {**WHOLE["phases"][0], "epoch": 1}
    with pytest.raises(ConfigError, match=r"unknown key 'adapt.recipe.phases.0.epoch'"):
        parse(recipe={**WHOLE, "phases": [phase]})


def test_epochs_of_an_unknown_phase_are_refused_naming_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown phase of the recipe 'instuct'.*Valid: align, instruct, start"):
        parse(epochs={"instuct": 1})
    with pytest.raises(ConfigError, match=r"epochs of 'start' must not be negative, got -1"):
        parse(epochs={"start": -1})


def test_a_profile_sets_the_epochs_of_a_phase_and_nothing_else() -> None:
    phases, own = parse(epochs={"align": 0.5}).resolved().phases, load_recipe("laptop").phases
    assert phases[1].epochs == 0.5
    assert phases[1].model_copy(update={"epochs": own[1].epochs}) == own[1]
    assert (phases[0], phases[2]) == (own[0], own[2])


def test_a_profile_sets_the_connector_with_its_settings() -> None:
    resolved = parse(connector={"type": "mlp", "intermediate_size": 16}).resolved()
    assert resolved.connector.model_dump()["intermediate_size"] == 16
    assert resolved.phases == load_recipe("laptop").phases
    with pytest.raises(ConfigError, match="unknown connector 'mpl'"):
        parse(connector="mpl")
    with pytest.raises(ConfigError, match="intermediate"):
        parse(connector={"type": "mlp", "intermediate": 16})


def test_wherever_a_setting_is_stated_the_result_has_one_key() -> None:
    named = parse(connector={"type": "mlp", "intermediate_size": 16}, epochs={"start": 3})
    whole = load_recipe("laptop").model_dump(mode="json")
    whole["connector"]["intermediate_size"] = 16
    whole["phases"][0]["epochs"] = 3
    assert named.determinants() == parse(recipe=whole).determinants()
    assert named.determinants() != parse(recipe=whole, seed=1).determinants()


def test_the_plug_ins_that_are_used_are_named_and_no_other() -> None:
    off = {**WHOLE["phases"][0], "objectives": ["next_token", {"type": "word_contrast", "weight": 0}]}
    config = parse(recipe={**WHOLE, "phases": [off]}, connector={"type": "pool", "side": 2})
    assert sorted(spec.type for spec in config.specs()) == ["next_token", "pool", "prefix"]


def test_how_often_a_checkpoint_is_written_changes_no_key() -> None:
    assert parse(checkpoint_every=7).determinants() == parse().determinants()


def test_what_determines_a_result_can_be_run_again() -> None:
    config = parse(recipe=WHOLE, epochs={"only": 2}, seed=4)
    again = AdaptConfig.parse({"adapt": config.determinants()})
    assert again.resolved() == config.resolved()
    assert again.determinants() == config.determinants()


def test_a_profile_sets_anything_of_a_phase(tmp_path) -> None:
    changes = {"instruct": {"learning_rates": {"language": 3.2e-3}, "blind": 0.0}, "start": {"batch": 16}}
    start, align, instruct = parse(phases=changes).resolved().phases
    own = load_recipe("laptop").phases
    assert (start.batch, align) == (16, own[1])
    assert (instruct.learning_rates, instruct.blind, instruct.learning_rate) == ({"language": 3.2e-3}, 0.0, 8e-4)
    with pytest.raises(ConfigError, match=r"unknown key 'adapt.phases.instruct.epoch'.*Did you mean"):
        parse(phases={"instruct": {"epoch": 1}})
    with pytest.raises(ConfigError, match=r"unknown phase of the recipe 'instuct'"):
        parse(phases={"instuct": {"epochs": 1}})


def test_a_rate_of_a_part_that_does_not_train_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown part that trains, in learning_rates 'language'\. Valid: connector"):
        parse(phases={"align": {"learning_rates": {"language": 1e-3}}})


def test_the_language_model_may_be_frozen_in_every_phase() -> None:
    frozen = parse(phases={"instruct": {"train": ["connector"], "blind": 0.0}}).resolved()
    assert {part for phase in frozen.phases for part in phase.train} == {"connector"}


def test_settings_at_their_default_are_no_part_of_a_key() -> None:
    stated = parse(language_start={"keep": 1.0}, phases={"instruct": {"learning_rates": {}}})
    assert stated.determinants() == parse().determinants()
    assert "language_start" not in parse().determinants()["recipe"]
    softened = parse(language_start={"keep": 0.25}).determinants()
    assert softened["recipe"]["language_start"] == {"keep": 0.25, "queries": 1.0}
