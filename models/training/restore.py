"""Taking a finished run from its last checkpoint, without a training framework."""

from pathlib import Path
from typing import Any

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
    _take(network, tree)
    return [LogRow(**row) for row in tree["callbacks"][RECORDER]["rows"]]


def restore_weights(network: torch.nn.Module, kept: Path) -> None:
    """Gives a network the weights that `fit` kept of a step, in place."""
    _take(network, read_checkpoint(kept))


def _take(network: torch.nn.Module, tree: dict[str, Any]) -> None:
    network.load_state_dict({name.removeprefix(MODULE_PREFIX): value for name, value in tree["state_dict"].items()})
