import torch

from inkling.models.language.presets import load_preset
from inkling.models.training.sharding import blocks


def test_blocks_are_the_entries_of_the_outermost_lists():
    network = load_preset("tiny").build(100, 0)
    assert blocks(network) == list(network.model.layers)
    assert blocks(torch.nn.Linear(2, 2)) == []


def test_blocks_that_were_compiled_run_eagerly_again():
    from inkling.models.language.presets import load_preset
    from inkling.models.training.sharding import blocks, compile_blocks, run_eagerly

    network = load_preset("micro").build(40, 0)
    compile_blocks(network)
    assert all(block._compiled_call_impl is not None for block in blocks(network))
    run_eagerly(network)
    assert [block._compiled_call_impl for block in blocks(network)] == [None] * len(blocks(network))
