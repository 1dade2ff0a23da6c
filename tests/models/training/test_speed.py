import torch

from inkling.models.language.presets import load_preset
from inkling.models.training.blocks import blocks
from inkling.models.training.speed import matrix_rate, operations_per_token


def test_the_cost_of_a_token_by_hand():
    sizes = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 1}
    changed = {**sizes, "intermediate_size": 40, "tie_word_embeddings": False}
    network = load_preset("tiny").model_copy(update=changed).build(100, 0)
    block = 16 * 16 * 2 + 16 * 8 * 2 + 3 * 16 * 40
    assert operations_per_token(network, 64) == 6 * (3 * block + 16 * 100) + 6 * 3 * 16 * 64


def test_a_tied_output_layer_counts_once():
    network = load_preset("tiny").build(100, 0)
    apart = sum(p.numel() for p in network.parameters() if p.ndim == 2)
    assert operations_per_token(network, 8) == 6 * apart + 6 * 4 * 64 * 8


def test_the_rate_of_matrix_products_draws_no_random_number():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    assert matrix_rate(64, 32, 64, "cpu", half=False) > 1e6
    assert torch.equal(torch.rand(2), expected)


def test_blocks_are_the_entries_of_the_outermost_lists():
    network = load_preset("tiny").build(100, 0)
    assert blocks(network) == list(network.model.layers)
    assert blocks(torch.nn.Linear(2, 2)) == []
