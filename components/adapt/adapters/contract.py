"""What every adapter does: it changes a language model's matrices for the passes of training, then merges into them."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from inkling.components.adapt.adapters import AdapterSpec
from inkling.models.fusion.hooks import after_modules
from inkling.models.language import spec_of


class LowRankUpdate(nn.Module):
    """The change of one matrix W (out, in): scale * B A, where B is zero at the start."""

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        """Draws A (rank, in); B (out, rank) is zero.

        Args:
            weight: The matrix (out, in).
            rank: Rank of the change.
            alpha: The change is scaled by alpha / rank.
        """
        super().__init__()
        self._scale = alpha / rank
        self.a = nn.Parameter(torch.empty(rank, weight.shape[1]))
        self.b = nn.Parameter(torch.zeros(weight.shape[0], rank))
        nn.init.kaiming_uniform_(self.a, a=5**0.5)

    def factors(self) -> tuple[Tensor, Tensor]:
        """A (rank, in) and B (out, rank) as they act."""
        return self.a, self.b

    def forward(self, inputs: Tensor, output: Tensor) -> Tensor:
        """What the matrix gives of inputs (batch, s, in), with the change; `output` (batch, s, out) is without."""
        a, b = self.factors()
        return output + (self._scale * ((inputs @ a.T) @ b.T)).to(output.dtype)

    def matrix(self) -> Tensor:
        """The whole change (out, in)."""
        a, b = self.factors()
        return self._scale * (b @ a)


class Adapter(nn.Module, ABC):
    """The changes of a language model's matrices; only they train.

    Attributes:
        updates: The change of each matrix, in the order of the spec's `shapes`.
    """

    def __init__(self, spec: AdapterSpec, network: nn.Module) -> None:
        """Makes an update for each matrix of a language model, whose weights are final: they do not train beside it."""
        super().__init__()
        decoder = network.get_decoder()
        self._names = list(spec.shapes(spec_of(network)))
        weights = [decoder.get_submodule(name).weight.detach() for name in self._names]
        self.updates = nn.ModuleList(self.update(spec, weight) for weight in weights)

    @abstractmethod
    def update(self, spec: Any, weight: Tensor) -> LowRankUpdate:
        """The change of a matrix (out, in)."""

    def attached(self, network: nn.Module) -> AbstractContextManager[None]:
        """Changes what the matrices give, for one pass; at the start by nothing, to the bit."""
        return after_modules(network, dict(zip(self._names, self.updates, strict=True)))

    @torch.no_grad()
    def merge(self, network: nn.Module) -> None:
        """Adds the changes to the matrices: by themselves they then give what they gave with the adapter attached."""
        for name, update in zip(self._names, self.updates, strict=True):
            weight = network.get_decoder().get_submodule(name).weight
            weight += update.matrix().to(weight.dtype)
