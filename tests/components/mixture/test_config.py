"""Bad settings of the mixture are refused with clear words before any work."""

import pytest

from inkling.components.mixture.config import MixtureConfig
from inkling.components.shared.config import ConfigError


def test_a_named_recipe_and_own_shares() -> None:
    assert MixtureConfig.parse("mixture: {recipe: mix0}").recipe == "mix0"
    assert MixtureConfig.parse("mixture: {recipe: {web-crawl: 0.5, code: 0.5}}").recipe == {
        "web-crawl": 0.5,
        "code": 0.5,
    }


def test_recipes_by_labels_and_paths_go_through_a_profile_and_back() -> None:
    labels = {"labels": {"reasoning": 0.6, "visual": 0.15}, "base": "mix6"}
    for recipe in (labels, {"path": ["mix0", "mix6"], "at": 0.25}, {"path": [labels, {"law": 1.0}], "at": 0.5}, "law"):
        config = MixtureConfig.parse({"mixture": {"recipe": recipe}})
        assert config.model_dump(mode="json")["recipe"] == recipe
        assert MixtureConfig.parse({"mixture": config.model_dump(mode="json")}) == config


def test_the_token_budget_may_stand_at_the_top() -> None:
    assert MixtureConfig.parse("token_budget: 123").token_budget == 123


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("recipe: {code: 0.5, math: 0.3}", r"the shares sum to 0\.8, they must sum to 1"),
        ("recipe: {labels: {maths: 0.5}}", r"unknown label 'maths'. Did you mean 'math'\? Valid: attribute, code"),
        ("recipe: {labels: {math: 1.5}}", r"the share of 'math' is 1\.5: it must lie between 0 and 1"),
        ("recipe: {labels: {math: 0.5}, bass: mix0}", r"unknown key of a recipe 'bass'. Did you mean 'base'\?"),
        ("recipe: {labels: {math: 0.5}, base: {code: 0.5}}", r"the shares sum to 0\.5, they must sum to 1"),
        ("recipe: {labels: {}}", r"mixture\.recipe\.labels\.labels"),
        ("recipe: {path: [mix0, {code: 0.5}], at: 0.5}", r"the shares sum to 0\.5, they must sum to 1"),
        ("recipe: {path: [mix0], at: 0.5}", r"mixture\.recipe\.path\.path"),
        ("recipe: {path: [mix0, mix6], at: 1.5}", r"mixture\.recipe\.path\.at"),
        ("recipe: 7", r"mixture\.recipe"),
        ("repetition_limit: 0", r"mixture\.repetition_limit"),
        ("vocabulary: 10", r"mixture\.vocabulary"),
        ("receipt: mix6", r"Did you mean 'mixture\.recipe'"),
    ],
)
def test_values_that_cannot_be_used(section: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MixtureConfig.parse(f"mixture: {{{section}}}")
