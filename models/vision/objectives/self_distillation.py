"""Self-distillation without labels (DINO: Caron et al., 2021, arXiv 2104.14294; DINOv2 keeps this loss for images).

Of each picture two large crops and some small ones are taken. The student, which sees all crops, is to say of each what
the teacher says of the large ones; the teacher is the running mean of the student. The teacher's outputs are centred
and sharpened, so that neither one output nor all of them alike win. Crops are not flipped and keep their colours:
questions ask for both.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.vision.objectives import VisionObjectiveSpec


class SelfDistillationSpec(VisionObjectiveSpec):
    """The cross-entropy of the student's outputs with the teacher's, over pairs of different crops of a picture."""

    target: ClassVar[str] = "inkling.models.vision.objectives.self_distillation:SelfDistillation"

    type: Literal["self_distillation"] = "self_distillation"
    batch: int = Field(16, ge=2, description="pictures of a step")
    outputs: int = Field(256, ge=2, description="prototypes, the outputs of the head")
    small_crops: int = Field(4, ge=0, description="small crops of a picture, half as high and wide")
    student_temperature: float = Field(0.1, gt=0, description="divides the student's outputs")
    teacher_temperature: float = Field(0.04, gt=0, description="divides the teacher's outputs")
    momentum: float = Field(0.99, ge=0, lt=1, description="of the teacher's running mean of the student")
    center_momentum: float = Field(0.9, ge=0, lt=1, description="of the running mean that outputs are centred by")


import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.training.batches import Batch
from inkling.models.vision.objectives.contract import VisionObjective
from inkling.models.vision.vit import VisionTransformer, draw_weights

_LARGE, _SMALL = (0.4, 1.0), (0.1, 0.4)
"""Least and most of the area of a picture that a crop covers; section 3.1 has 0.4 between the two kinds."""
_HIDDEN, _BOTTLENECK = 256, 64


class PrototypeHead(nn.Module):
    """A class token (batch, width) to its cosine similarities to prototypes (batch, outputs)."""

    def __init__(self, width: int, outputs: int) -> None:
        """Draws the weights."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, _HIDDEN),
            nn.GELU(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.GELU(),
            nn.Linear(_HIDDEN, _BOTTLENECK),
        )
        self.prototypes = nn.Linear(_BOTTLENECK, outputs, bias=False)
        draw_weights(self)

    def forward(self, tokens: Tensor) -> Tensor:
        """The similarities."""
        narrow = functional.normalize(self.layers(tokens), dim=1)
        return narrow @ functional.normalize(self.prototypes.weight, dim=1).T


class SelfDistillation(VisionObjective):
    """A vision transformer as the student of its own running mean."""

    center: Tensor  # (outputs,)

    def __init__(self, spec: SelfDistillationSpec, network: VisionTransformer, captions: Sequence[str]) -> None:
        """Draws the head; the teacher begins as the student."""
        super().__init__(network, captions)
        self._spec = spec
        self.head = PrototypeHead(network.width, spec.outputs)
        self.teacher, self.teacher_head = copy.deepcopy(network), copy.deepcopy(self.head)
        self.register_buffer("center", torch.full((spec.outputs,), torch.nan))  # until the first batch

    def requires_grad_(self, requires_grad: bool = True) -> "SelfDistillation":
        """Lets the student train, never the teacher."""
        super().requires_grad_(requires_grad)
        self.teacher.requires_grad_(False)
        self.teacher_head.requires_grad_(False)
        return self

    def batch(self, pixels: Tensor, numbers: Sequence[int], random: np.random.Generator) -> Batch:
        """Large crops (batch, 2, 3, size, size) and small ones (batch, small_crops, 3, size / 2, size / 2)."""
        patch, side = self.network.patch_size, self.network.side
        large = [_crop(pixels, _LARGE, side * patch, random) for _ in range(2)]
        small = [_crop(pixels, _SMALL, max(1, side // 2) * patch, random) for _ in range(self._spec.small_crops)]
        return {"large": torch.stack(large, 1)} | ({"small": torch.stack(small, 1)} if small else {})

    def loss(self, batch: Batch) -> Tensor:
        """The mean over all pairs of a large crop for the teacher and another crop for the student."""
        large = batch["large"]
        count = len(large)
        if self.training:
            self._follow()
        with torch.no_grad():
            taught = self.teacher_head(self.teacher(large.flatten(0, 1))[:, 0])  # (batch * 2, outputs)
            center = torch.where(self.center.isnan(), taught.mean(0), self.center)
            sharp = ((taught - center) / self._spec.teacher_temperature).softmax(1).unflatten(0, (count, 2))
        seen = [self.network(batch[kind].flatten(0, 1))[:, 0].unflatten(0, (count, -1)) for kind in batch]
        crops = torch.cat(seen, 1)  # (batch, crops, width), the large ones first
        said = (self.head(crops.flatten(0, 1)) / self._spec.student_temperature).log_softmax(1)
        entropies = -torch.einsum("nto,nso->nts", sharp, said.unflatten(0, (count, -1)))  # (batch, 2, crops)
        others = ~torch.eye(2, crops.shape[1], dtype=torch.bool, device=crops.device)
        if self.training:
            self.center.copy_(center.lerp(taught.mean(0), 1 - self._spec.center_momentum))
        return entropies[:, others].mean()

    @torch.no_grad()
    def _follow(self) -> None:
        """Moves the teacher towards the student as the step before left it."""
        for taught, own in ((self.teacher, self.network), (self.teacher_head, self.head)):
            for mean, new in zip(taught.parameters(), own.parameters(), strict=True):
                mean.lerp_(new, 1 - self._spec.momentum)


def _crop(pixels: Tensor, areas: tuple[float, float], size: int, random: np.random.Generator) -> Tensor:
    """A square part of each picture (batch, 3, height, width), as (batch, 3, size, size)."""
    side = np.sqrt(random.uniform(*areas, len(pixels)))  # of a picture whose side is 1
    left, upper = random.uniform(0, 1 - side), random.uniform(0, 1 - side)
    # affine_grid counts from -1 to 1: a crop of that side around its middle
    shift = np.stack([2 * left + side - 1, 2 * upper + side - 1], 1)
    matrices = np.concatenate([side[:, None, None] * np.eye(2), shift[:, :, None]], 2).astype(np.float32)
    places = functional.affine_grid(torch.from_numpy(matrices), [len(pixels), 3, size, size], align_corners=False)
    return functional.grid_sample(pixels, places, padding_mode="border", align_corners=False)
