"""Copy gain and attention distance find what was planted."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.context_use import attention_distance, context_use, copy_gain
from inkling.models.language.presets import load_preset

VOCABULARY = 50


class Planted(nn.Module):
    """Predicts the token that followed when its input last occurred, or, without memory, every token alike."""

    def __init__(self, copies: bool) -> None:
        super().__init__()
        self.copies, self.weight = copies, nn.Parameter(torch.zeros(()))

    def forward(self, input_ids: Tensor, use_cache: bool) -> SimpleNamespace:
        """Logits (sequences, length, vocabulary)."""
        logits = torch.zeros(*input_ids.shape, VOCABULARY)
        for row, ids in enumerate(input_ids.tolist() if self.copies else []):
            followed: dict[int, int] = {}
            for place, token in enumerate(ids):
                if token in followed:
                    logits[row, place, followed[token]] = 10.0
                if place + 1 < len(ids):
                    followed[token] = ids[place + 1]
        return SimpleNamespace(logits=logits)


@pytest.mark.parametrize(("copies", "low", "high"), [(True, 3.0, 4.5), (False, -1e-6, 1e-6)])
def test_copy_gain_is_what_a_network_saves_on_the_second_copy(copies: bool, low: float, high: float) -> None:
    random = np.random.default_rng(0)
    passages = np.stack([random.permutation(VOCABULARY)[:20] for _ in range(12)])
    found = copy_gain(Planted(copies), passages)
    assert low <= found["low"] <= found["value"] <= found["high"] <= high
    assert found["sequences"] == 12


def test_one_passage_has_a_gain_without_an_interval() -> None:
    found = copy_gain(Planted(True), np.arange(20)[None])
    assert found["value"] > 3
    assert found["low"] is found["high"] is None


def test_heads_without_a_preference_look_back_half_the_way() -> None:
    network = load_preset("tiny").build(VOCABULARY, 0).eval()
    for layer in network.model.layers:
        nn.init.zeros_(layer.self_attn.q_proj.weight)
    found = attention_distance(network, np.random.default_rng(0).integers(3, VOCABULARY, (4, 48)))
    assert found["length"] == 48
    assert found["uniform"] == pytest.approx((16 + 47) / 4)
    for heads in found["layers"]:
        assert heads == pytest.approx([found["uniform"]] * len(heads), abs=1e-3)
    assert network.config._attn_implementation != "eager", "how the network attends is as before"


def test_a_head_that_sees_its_own_token_alone_has_distance_zero() -> None:
    network = load_preset("tiny").build(VOCABULARY, 0).eval()
    attention = network.model.layers[0].self_attn
    with torch.no_grad():
        attention.q_proj.weight.mul_(1e4)
        attention.k_proj.weight.copy_(attention.q_proj.weight[: len(attention.k_proj.weight)])
    found = attention_distance(network, np.full((1, 40), 7))
    assert max(found["layers"][0]) < 1.0, "of equal tokens the nearest is most alike under rotary positions"


def test_a_model_is_measured_on_the_tokens_that_it_is_scored_on(tokens: Tokens) -> None:
    shards = {name: tokens.dataset(name, "heldout") for name in tokens.blend().heldout}
    network = load_preset("tiny").build(tokens.blend().vocabulary, 0).eval()
    found = context_use(network, shards, 32)
    assert found["copy_gain"]["random"]["sequences"] == found["copy_gain"]["text"]["sequences"] == 64
    assert abs(found["copy_gain"]["random"]["value"]) < 0.3, "an initial network has not learned to look back"
    assert len(found["attention"]["layers"]) == network.config.num_hidden_layers
