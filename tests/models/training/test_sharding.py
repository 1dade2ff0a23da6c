import torch

from inkling.models.language.presets import load_preset
from inkling.models.training.sharding import blocks


def test_blocks_are_the_entries_of_the_outermost_lists():
    network = load_preset("tiny").build(100, 0)
    assert blocks(network) == list(network.model.layers)
    assert blocks(torch.nn.Linear(2, 2)) == []
