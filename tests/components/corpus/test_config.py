"""Bad settings of the corpus are refused with clear words before any work."""

import pytest

from inkling.components.corpus.config import CorpusConfig
from inkling.components.mixture.recipes import shares
from inkling.components.shared.config import ConfigError


def test_the_sources_of_the_default_recipe_and_seed_from_the_top() -> None:
    config = CorpusConfig.parse("seed: 7\nmixture: {recipe: mix6}")
    assert config.sources == list(shares("mix6"))
    assert config.seed == 7


def test_an_unknown_source_names_the_valid_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown source 'maths'. Did you mean 'math'\? Valid: academia, arts, .*web-crawl"
    ):
        CorpusConfig.parse("corpus: {sources: [maths]}")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("sources: [math, math]", "named twice"),
        ("sources: []", r"corpus\.sources"),
        ("heldout: 0", r"corpus\.heldout"),
        ("words_per_source: 5", r"corpus\.words_per_source"),
        ("words_per_sauce: 5000", r"Did you mean 'corpus\.words_per_source'"),
    ],
)
def test_values_that_cannot_be_used(section: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CorpusConfig.parse(f"corpus: {{{section}}}")
