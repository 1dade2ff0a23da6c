"""Taking a finished run from its last checkpoint, without a training framework."""

from pathlib import Path

import torch

from inkling.models.training.checkpoint import read_checkpoint
from inkling.models.training.log import LogRow

MODULE_PREFIX, RECORDER = "network.", "Recorder"


def restore(network: torch.nn.Module, checkpoint: Path) -> list[LogRow]:
    """Gives a network the weights of a checkpoint, in place.

    Args:
        network: The network that was trained.
        checkpoint: A checkpoint of a run of `fit`.

    Returns:
        The rows of its log.
    """
    tree = read_checkpoint(checkpoint)
    weights = {name.removeprefix(MODULE_PREFIX): tensor for name, tensor in tree["state_dict"].items()}
    network.load_state_dict(weights)
    return [LogRow(**row) for row in tree["callbacks"][RECORDER]["rows"]]
