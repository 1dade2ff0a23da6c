import torch

from inkling.models.language.presets import load_preset
from inkling.models.training.devices import matrix_rate
from inkling.models.training.sharding import blocks


def test_the_rate_of_matrix_products_draws_no_random_number():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    assert matrix_rate(64, 32, 64, "cpu", bf16=False) > 1e6
    assert torch.equal(torch.rand(2), expected)


def test_blocks_are_the_entries_of_the_outermost_lists():
    network = load_preset("tiny").build(100, 0)
    assert blocks(network) == list(network.model.layers)
    assert blocks(torch.nn.Linear(2, 2)) == []
