"""Comp-LoRA: a low-rank change that leaves the leading directions of the trained matrix alone.

In the manner of Complementary Subspace LoRA (Wang et al., 2025, arXiv 2501.15040): with W = U S V^T of the matrix as it
was trained, the change acts in the complement of the leading singular directions, scale * (I - U_k U_k^T) B A (I - V_k
V_k^T), so that what W does along them is kept. They are computed once, before training. Reconstructed, for the paper's
page does not say it: how many are protected, here those with 90 % of the squared singular values. The complement is
reached by projecting A and B, not in coordinates of its own: the same changes, with as many weights as LoRA has.

System: Comp-LoRA
Paper: arXiv 2501.15040
Not reproduced: few-shot classification by CLIP; its number of protected directions.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.adapt.adapters import AdapterSpec


class CompLoraSpec(AdapterSpec):
    """LoRA in the complement of each matrix's leading directions (Comp-LoRA)."""

    target: ClassVar[str] = "inkling.components.adapt.adapters.comp_lora:CompLoraAdapter"

    type: Literal["comp_lora"] = "comp_lora"
    protect: float = Field(
        0.9, ge=0, lt=1, description="part of a matrix's squared singular values whose directions it leaves alone"
    )


import torch
from torch import Tensor

from inkling.components.adapt.adapters.contract import Adapter, LowRankUpdate


class ComplementaryUpdate(LowRankUpdate):
    """An update whose factors are projected out of the leading directions of the matrix."""

    left: Tensor
    right: Tensor

    def __init__(self, weight: Tensor, rank: int, alpha: float, protect: float) -> None:
        """Decomposes the matrix (out, in) as it is now.

        Raises:
            ValueError: If that leaves it no direction to change.
        """
        super().__init__(weight, rank, alpha)
        left, right = leading_directions(weight, protect)
        if left.shape[1] == min(weight.shape):
            raise ValueError(
                f"adapter 'comp_lora': to protect {protect:g} of a matrix of {weight.shape[1]} x {weight.shape[0]} "
                "takes all of its directions and leaves none to change: lower 'protect'"
            )
        self.register_buffer("left", left)  # (out, k)
        self.register_buffer("right", right)  # (in, k)

    def factors(self) -> tuple[Tensor, Tensor]:
        """A (rank, in) and B (out, rank) without what they have of the protected directions."""
        return self.a - (self.a @ self.right) @ self.right.T, self.b - self.left @ (self.left.T @ self.b)


class CompLoraAdapter(Adapter):
    """A `ComplementaryUpdate` of each matrix."""

    def update(self, spec: CompLoraSpec, weight: Tensor) -> LowRankUpdate:
        """A and B, projected."""
        return ComplementaryUpdate(weight, spec.rank, spec.alpha, spec.protect)


def leading_directions(weight: Tensor, protect: float) -> tuple[Tensor, Tensor]:
    """The fewest leading singular directions that hold a part of a matrix's squared singular values.

    Args:
        weight: The matrix (out, in).
        protect: The part; 0 for no direction.

    Returns:
        Those of its outputs (out, k) and of its inputs (in, k), orthonormal.
    """
    left, values, right = torch.linalg.svd(weight.double(), full_matrices=False)
    shares = values.square().cumsum(0) / values.square().sum()
    count = int((shares < protect).sum()) + 1 if protect else 0
    return left[:, :count].to(weight.dtype).contiguous(), right[:count].T.to(weight.dtype).contiguous()
