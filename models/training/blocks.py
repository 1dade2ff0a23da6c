"""The repeated blocks of a network: what is compiled once for all, and what is gathered and freed one by one."""

import torch


def blocks(network: torch.nn.Module) -> list[torch.nn.Module]:
    """The entries of every list of modules in a network, outermost lists only."""
    if isinstance(network, torch.nn.ModuleList):
        return list(network)
    return [block for child in network.children() for block in blocks(child)]


def compile_blocks(network: torch.nn.Module) -> None:
    """Compiles the blocks in place; their parameters keep their names."""
    for block in blocks(network):
        block.compile()
