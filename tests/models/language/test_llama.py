import pytest
import torch

from inkling.models.language import spec_of
from inkling.models.language.presets import load_preset, preset_names

PAPER = {"340M": 340e6, "1B": 1e9, "3B": 3e9, "7B": 7e9, "13B": 13e9}
SMALL = [name for name in preset_names() if name not in PAPER]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again, other = (load_preset("tiny").build(300, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.lm_head.weight, other.lm_head.weight)


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_preset("tiny").build(300, 1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", SMALL)
def test_a_preset_builds_a_causal_model_that_fits_its_size(name: str):
    size = load_preset(name)
    network = size.build(300, 0).eval()
    assert network.config.hidden_size == size.hidden_size
    assert (network.lm_head.weight is network.model.embed_tokens.weight) == size.tie_word_embeddings
    ids = torch.arange(3, 23)[None]
    changed = ids.clone()
    changed[0, 10] += 1
    with torch.inference_mode():
        difference = (network(ids).logits - network(changed).logits).abs().amax(-1)[0]
    assert torch.all(difference[:10] == 0)
    assert difference[10] > 0


def test_sizes_of_the_cpu_presets():
    parameters = {name: sum(p.numel() for p in load_preset(name).build(4096, 0).parameters()) for name in SMALL}
    assert sorted(parameters, key=lambda name: parameters[name]) == ["micro", "mini", "tiny", "laptop", "10M"]
    assert 300_000 < parameters["tiny"] < 700_000
    assert 1_200_000 < parameters["laptop"] < 1_400_000
    assert load_preset("10M").num_params(8192) == pytest.approx(10e6, rel=0.02)


@pytest.mark.parametrize(("name", "parameters"), PAPER.items())
def test_the_sizes_of_the_paper_are_within_two_per_cent_of_their_names(name: str, parameters: float):
    network = load_preset(name).build(32_000, 0, device="meta")
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(parameters, rel=0.02)
    assert network.config.max_position_embeddings == 2048
    assert network.config.hidden_size % network.config.num_attention_heads == 0
    assert {p.device.type for p in network.parameters()} == {"meta"}


def test_the_cost_of_a_token_by_hand():
    sizes = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 1}
    spec = load_preset("tiny").model_copy(update={**sizes, "intermediate_size": 40, "tie_word_embeddings": False})
    block = 16 * 16 * 2 + 16 * 8 * 2 + 3 * 16 * 40
    assert spec.operations(100, 64) == 6 * (3 * block + 16 * 100) + 6 * 3 * 16 * 64


def test_a_tied_output_layer_counts_once():
    spec = load_preset("tiny")
    apart = sum(p.numel() for p in spec.build(100, 0).parameters() if p.ndim == 2)
    assert spec.operations(100, 8) == 6 * apart + 6 * 4 * 64 * 8


def test_a_network_gives_its_spec_back():
    spec = load_preset("laptop")
    assert spec_of(spec.build(300, 0, device="meta")) == spec


def test_an_unknown_preset_names_the_valid_ones():
    with pytest.raises(
        ValueError, match=r"unknown preset 'lptop'. Did you mean 'laptop'\? Valid: .*13B, .*laptop, micro, mini, tiny"
    ):
        load_preset("lptop").build(300, 0)
