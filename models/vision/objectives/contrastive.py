"""Contrastive learning with captions (CLIP: Radford et al., 2021, arXiv 2103.00020; MetaCLIP trains the same way).

A picture's class token and its caption are drawn together, and apart from those of the other pictures of the batch.
Pictures whose captions are equal are all right answers to it, as scenes share few words (UniCL: Yang et al., 2022,
arXiv 2204.03610).
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.vision.objectives import VisionObjectiveSpec


class ContrastiveSpec(VisionObjectiveSpec):
    """The symmetric cross-entropy of pictures and captions, over the similarities of a batch."""

    target: ClassVar[str] = "inkling.models.vision.objectives.contrastive:ContrastiveObjective"

    type: Literal["contrastive"] = "contrastive"
    temperature: float = Field(0.07, gt=0, description="divides the similarities at first; it is learnt")
    channels: int = Field(128, ge=1, description="channels of what is compared")
    text_layers: int = Field(2, ge=0, description="blocks that read a caption")


import math
import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.training.batches import Batch
from inkling.models.vision.objectives.contract import VisionObjective
from inkling.models.vision.vit import VisionTransformer, VitBlock, draw_weights

_HEADS = 4
_SHARPEST = 100.0  # CLIP's bound of the factor of the similarities
_SPREAD = 0.02


class ContrastiveObjective(VisionObjective):
    """A vision transformer beside a small transformer that reads captions, word by word."""

    def __init__(self, spec: ContrastiveSpec, network: VisionTransformer, captions: Sequence[str]) -> None:
        """Draws the weights of the reader and of both projections."""
        super().__init__(network, captions)
        words = [re.findall(r"\w+", caption.lower()) for caption in captions]
        numbers = {word: place for place, word in enumerate(sorted({word for said in words for word in said}), 1)}
        longest = max((len(said) for said in words), default=0)
        self._words = np.zeros((len(words), max(1, longest)), np.int64)  # 0 is padding
        for row, said in enumerate(words):
            self._words[row, : len(said)] = [numbers[word] for word in said]
        width = network.width
        self.words = nn.Embedding(1 + len(numbers), width)
        self.places = nn.Parameter(torch.zeros(1, self._words.shape[1], width))
        self.blocks = nn.ModuleList(VitBlock(width, _HEADS) for _ in range(spec.text_layers))
        self.norm = nn.LayerNorm(width)
        self.project_picture = nn.Linear(width, spec.channels, bias=False)
        self.project_caption = nn.Linear(width, spec.channels, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(math.log(1 / spec.temperature)))
        for part in (self.blocks, self.project_picture, self.project_caption):
            draw_weights(part)
        nn.init.normal_(self.words.weight, std=_SPREAD)
        nn.init.normal_(self.places, std=_SPREAD)

    def usable(self) -> list[int]:
        """The pictures that have a caption."""
        found = np.flatnonzero(self._words.any(1)).tolist()
        if not found:
            raise ValueError("vision objective 'contrastive' learns from captions, and no training picture has one")
        return found

    def batch(self, pixels: Tensor, numbers: Sequence[int], random: np.random.Generator) -> Batch:
        """The pictures and the words of their captions (batch, words)."""
        return {"pixels": pixels, "words": torch.from_numpy(self._words[np.array(numbers)])}

    def loss(self, batch: Batch) -> Tensor:
        """The mean of both directions, from a picture to its caption and back."""
        words = batch["words"]
        pictures = functional.normalize(self.project_picture(self.network(batch["pixels"])[:, 0]), dim=1)
        captions = functional.normalize(self.project_caption(self._read(words)), dim=1)
        logits = pictures @ captions.T * self.sharpness.exp().clamp(max=_SHARPEST)  # (batch, batch)
        equal = (words[:, None] == words[None]).all(2).float()
        right = equal / equal.sum(1, keepdim=True)
        return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2

    def _read(self, words: Tensor) -> Tensor:
        """Captions (batch, words) to their means (batch, width)."""
        there = (words > 0).float()  # (batch, words)
        tokens = self.words(words) + self.places
        padding = torch.zeros_like(there).masked_fill(words == 0, -torch.inf)[:, None, None]
        for block in self.blocks:
            tokens = block(tokens, padding)
        return (self.norm(tokens) * there[..., None]).sum(1) / there.sum(1, keepdim=True)
