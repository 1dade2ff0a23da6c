"""Groups of parameters: matrices decay, vectors do not, and a part of a network may have its own learning rate."""

from collections.abc import Mapping
from typing import Any

from nemo.core.config.schedulers import CosineAnnealingParams
from nemo.core.optim.lr_scheduler import CosineAnnealing, register_scheduler
from torch import nn

SCHEDULE, _RATE = "RatedCosineAnnealing", "rate"


class RatedCosineAnnealing(CosineAnnealing):
    """NeMo's warm-up and cosine decay; each group follows it times the group's own factor."""

    def get_lr(self) -> list[float]:
        """The learning rate of each group at this step."""
        rates = super().get_lr()
        return [rate * group.get(_RATE, 1.0) for rate, group in zip(rates, self.optimizer.param_groups, strict=True)]


register_scheduler(SCHEDULE, RatedCosineAnnealing, CosineAnnealingParams)


def parameter_groups(network: nn.Module, rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """What an optimiser takes: the parameters that train, those of one factor and one decay together.

    Args:
        network: Frozen parameters are left out.
        rates: Factor of the learning rate of the parameters below a module, by its name; 1 for all others.

    Returns:
        Groups with `params`, `weight_decay` where it is none, and `rate` where a factor is stated; those of factor 1
        come first.
    """
    trained = [(_rate_of(name, rates), value) for name, value in network.named_parameters() if value.requires_grad]
    groups: list[dict[str, Any]] = []
    for rate in sorted({rate for rate, _ in trained}, key=lambda rate: (rate != 1, rate)):
        extra = {_RATE: rate} if rates else {}
        members = [parameter for own, parameter in trained if own == rate]
        groups.append({"params": [one for one in members if one.ndim > 1], **extra})
        groups.append({"params": [one for one in members if one.ndim <= 1], "weight_decay": 0.0, **extra})
    return [group for group in groups if group["params"]]


def scheduled_rate(group: Mapping[str, Any]) -> float:
    """The learning rate of the schedule at this step, before the group's own factor."""
    return float(group["lr"]) / float(group.get(_RATE, 1.0))


def _rate_of(name: str, rates: Mapping[str, float]) -> float:
    return next((rate for part, rate in rates.items() if name.startswith(f"{part}.")), 1.0)
