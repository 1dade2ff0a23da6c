"""Bad settings of the mixture are refused with clear words before any work."""

import pytest

from inkling.components.config import ConfigError
from inkling.components.mixture.config import MixtureConfig


def test_a_named_recipe_and_own_shares() -> None:
    assert MixtureConfig.parse("mixture: {recipe: mix0}").recipe == "mix0"
    assert MixtureConfig.parse("mixture: {recipe: {web-crawl: 0.5, code: 0.5}}").recipe == {
        "web-crawl": 0.5,
        "code": 0.5,
    }


def test_the_token_budget_may_stand_at_the_top() -> None:
    assert MixtureConfig.parse("token_budget: 123").token_budget == 123


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("recipe: mix11", r"mixture\.recipe: .*unknown recipe 'mix11'.*Valid: mix0"),
        ("recipe: {code: 0.5, math: 0.3}", r"the shares sum to 0\.8, they must sum to 1"),
        ("recipe: {prose: 1.0}", r"unknown source 'prose'.*Valid: academia"),
        ("vocabulary: 10", r"mixture\.vocabulary"),
        ("receipt: mix6", r"Did you mean 'mixture\.recipe'"),
    ],
)
def test_values_that_cannot_be_used(section: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MixtureConfig.parse(f"mixture: {{{section}}}")
