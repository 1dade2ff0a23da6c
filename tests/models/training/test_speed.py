import torch

from inkling.models.language.llama import build_language_model
from inkling.models.language.presets import Preset
from inkling.models.training.cost import operations_per_token
from inkling.models.training.devices import matrix_rate
from inkling.models.training.sharding import blocks


def test_the_cost_of_a_token_by_hand():
    shape = Preset(16, 3, 2, 1, 40, 64, 1e4, tied=False, initial_std=0.02)
    network = build_language_model(shape, 100, 0)
    block = 16 * 16 * 2 + 16 * 8 * 2 + 3 * 16 * 40
    assert operations_per_token(network, 64) == 6 * (3 * block + 16 * 100) + 6 * 3 * 16 * 64


def test_a_tied_output_layer_counts_once():
    network = build_language_model("tiny", 100, 0)
    apart = sum(p.numel() for p in network.parameters() if p.ndim == 2)
    assert operations_per_token(network, 8) == 6 * apart + 6 * 4 * 64 * 8


def test_the_rate_of_matrix_products_draws_no_random_number():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    assert matrix_rate(64, 32, 64, "cpu", bf16=False) > 1e6
    assert torch.equal(torch.rand(2), expected)


def test_blocks_are_the_entries_of_the_outermost_lists():
    network = build_language_model("tiny", 100, 0)
    assert blocks(network) == list(network.model.layers)
    assert blocks(torch.nn.Linear(2, 2)) == []
