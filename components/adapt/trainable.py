"""Which parameters train: set for a phase by part, asserted by name, and the frozen ones proven untouched."""

import hashlib
from collections.abc import Sequence

from torch import nn

from inkling.components.shared.config import unknown


class TrainableError(RuntimeError):
    """Parameters that train though they must not, or the reverse; the message names them."""


def parts_of(model: nn.Module) -> list[str]:
    """Names of the parts of a model that have parameters."""
    return [name for name, part in model.named_children() if any(True for _ in part.parameters())]


def set_trainable(model: nn.Module, parts: Sequence[str]) -> list[str]:
    """Lets the parameters of the given parts train and freezes all others.

    Args:
        model: Has a module for each part.
        parts: Names of parts that have parameters, or of modules within them, as `heads.dpo`.

    Returns:
        Names of the parameters that train.

    Raises:
        ConfigError: If there is no such part; the message names the valid ones.
    """
    for part in parts:
        if part.split(".")[0] not in parts_of(model):
            raise unknown("part", part, parts_of(model))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(_within(name, parts))
    model.eval()
    return trainable(model)


def trainable(model: nn.Module) -> list[str]:
    """Names of the parameters that train."""
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def assert_trainable(model: nn.Module, parts: Sequence[str]) -> None:
    """Checks that exactly the parameters of the given parts train.

    Raises:
        TrainableError: If not.
    """
    wanted = {name for name, _ in model.named_parameters() if _within(name, parts)}
    found = set(trainable(model))
    if wanted != found:
        raise TrainableError(
            f"the parts {', '.join(parts)} shall train; but also trains: {sorted(found - wanted) or 'nothing'}; "
            f"does not train: {sorted(wanted - found) or 'nothing'}"
        )


def frozen_digest(model: nn.Module, moving: Sequence[str] = ()) -> str:
    """SHA-256 over the values of all parameters that do not train and of all buffers, in hexadecimal.

    Args:
        model: What is hashed.
        moving: Names of modules whose buffers training may change, as queues and running means.
    """
    digest = hashlib.sha256()
    frozen = [(name, parameter) for name, parameter in model.named_parameters() if not parameter.requires_grad]
    for name, tensor in [*frozen, *(one for one in model.named_buffers() if not _within(one[0], moving))]:
        digest.update(name.encode() + b"\0" + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _within(name: str, parts: Sequence[str]) -> bool:
    """Whether a parameter or buffer of a name belongs to one of the parts."""
    return any(name.startswith(f"{part}.") for part in parts)
