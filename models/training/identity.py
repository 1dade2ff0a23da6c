"""What determines a training run, as a digest: a run never goes on from the checkpoints of another one."""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Mapping

import torch

from inkling.models.training.job import BatchSource
from inkling.models.training.optimization import Optimization


def run_identity(
    network: torch.nn.Module, batches: BatchSource, optimization: Optimization, seed: int, keep: Collection[int]
) -> str:
    """Digest of the first weights, what trains, the first and last batch, the settings, the seed and what is kept."""
    trained = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    settings = {"optimization": dataclasses.asdict(optimization), "seed": seed, "trained": trained}
    settings["keep"] = sorted(keep)
    digest = hashlib.sha256(json.dumps(settings).encode())
    for tensors in (network.state_dict(), batches.batch(0), batches.batch(optimization.steps - 1)):
        _add(digest, tensors)
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", tensors: Mapping[str, torch.Tensor]) -> None:
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
