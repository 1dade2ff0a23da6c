"""How the language model starts: by default to the bit as it was trained, else towards fresh weights, words kept."""

from collections.abc import Callable

import pytest
import torch
from transformers import LlamaForCausalLM

from inkling.components.adapt.recipe import LanguageStart
from inkling.components.adapt.start import start_language

WORDS = "model.embed_tokens.weight"


@pytest.fixture
def trained(language: Callable[[], LlamaForCausalLM]) -> Callable[[], LlamaForCausalLM]:
    """Makes language models with weights that no fresh ones have."""

    def make() -> LlamaForCausalLM:
        network = language()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(1.0)
        return network

    return make


def started(network: LlamaForCausalLM, seed: int = 0, **settings: float) -> dict[str, torch.Tensor]:
    start_language(network, LanguageStart(**settings), seed)
    return dict(network.named_parameters())


def test_by_default_no_bit_changes(trained) -> None:
    before = dict(trained().named_parameters())
    assert all(torch.equal(value, before[name]) for name, value in started(trained()).items())
    assert start_language(trained(), LanguageStart(), 0) == ""


def test_all_but_the_words_is_drawn_towards_fresh_weights(trained) -> None:
    before, fresh, half = (started(trained(), keep=keep) for keep in (1.0, 0.0, 0.25))
    for name, value in half.items():
        if name == WORDS:
            assert torch.equal(value, before[name])
        else:
            assert torch.allclose(value, 0.25 * before[name] + 0.75 * fresh[name])
            assert not torch.equal(fresh[name], before[name])


def test_fresh_weights_are_those_of_the_seed_and_not_those_that_pre_training_began_with(trained, language) -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    one, again, other = (started(trained(), seed, keep=0.0)[name] for seed in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not torch.equal(one, language().get_parameter(name)), "the language model of these tests began with seed 3"


def test_the_global_random_state_is_left_alone(trained) -> None:
    before = torch.random.get_rng_state()
    started(trained(), keep=0.5)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_scaled_queries_spread_attention(language: Callable[[], LlamaForCausalLM]) -> None:
    @torch.no_grad()
    def spread(network: LlamaForCausalLM) -> float:
        network.set_attn_implementation("eager")
        (weights,) = network(torch.arange(12)[None] + 20, output_attentions=True).attentions
        last = weights[0, :, -1]
        return float(-(last * last.clamp_min(1e-9).log()).sum(-1).mean())

    sharp, wide = language(), language()
    for network in (sharp, wide):
        start_language(network, LanguageStart(queries=20.0), 0)
    start_language(wide, LanguageStart(queries=0.05), 0)
    assert spread(wide) > spread(sharp) + 0.5, "entropy of attention, in nats"
    changed = {name for name, value in wide.named_parameters() if not torch.equal(value, sharp.get_parameter(name))}
    assert changed == {"model.layers.0.self_attn.q_proj.weight"}


def test_what_was_done_is_said(trained) -> None:
    assert start_language(trained(), LanguageStart(keep=0.25, queries=0.5), 0) == (
        "its blocks are 0.25 as trained and 0.75 fresh and its queries are scaled by 0.5"
    )
