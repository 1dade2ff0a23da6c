import pytest

from inkling.components.config import ConfigError
from inkling.components.pretrain.config import PretrainConfig


def test_steps_cover_the_tokens():
    assert PretrainConfig(token_budget=1_000, batch=4, context=100).steps == 3
    assert PretrainConfig(token_budget=1_201, batch=4, context=100).steps == 4
    assert PretrainConfig(token_budget=1_000, batch=4, context=100, untrained=True).steps == 0


def test_the_component_argument_wins_over_the_profile():
    profile = "seed: 3\npretrain: {preset: tiny, context: 64}\n"
    config = PretrainConfig.parse(profile, untrained=True)
    assert (config.seed, config.preset, config.untrained) == (3, "tiny", True)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("preset: tinny", r"unknown preset 'tinny'. Did you mean 'tiny'\? Valid: laptop, tiny"),
        ("{preset: tiny, context: 129}", "context 129 is longer than the 128 tokens of preset 'tiny'"),
        ("token_budget: 0", "pretrain.token_budget"),
        ("learning_rate: 0", "pretrain.learning_rate"),
        ("warmup: 1.0", "pretrain.warmup"),
        ("layers: 3", "unknown key 'pretrain.layers'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(section: str, message: str):
    with pytest.raises(ConfigError, match=message):
        PretrainConfig.parse(f"pretrain:\n  {section}\n")
