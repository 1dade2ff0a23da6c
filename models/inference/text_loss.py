"""What held-out text costs a language model."""

import numpy as np
import torch
from numpy.typing import NDArray

from inkling.models.sequence.heldout import Heldout

_BATCH = 16


@torch.inference_mode()
def negative_log_likelihoods(network: torch.nn.Module, heldout: Heldout) -> NDArray[np.float64]:
    """What each target costs under a Hugging Face causal language model, in nats, (windows, context)."""
    costs, device = [], next(network.parameters()).device
    for first in range(0, len(heldout.inputs), _BATCH):
        inputs = torch.from_numpy(heldout.inputs[first : first + _BATCH]).to(device)
        targets = torch.from_numpy(heldout.targets[first : first + _BATCH]).to(device)
        logits = network(input_ids=inputs, use_cache=False).logits
        cost = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        costs.append(cost.view_as(targets).double().cpu().numpy())
    return np.concatenate(costs)
