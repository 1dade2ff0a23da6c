"""Masked auto-encoding (MAE: He et al., 2021, arXiv 2111.06377): most patches are hidden, and drawn from the others.

The encoder runs on the visible patches alone; a light decoder puts a mask token in the place of each other one. What is
drawn are the pixels of the hidden patches, each patch normalised by its own mean and deviation (the paper's section 3).
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.vision.objectives import VisionObjectiveSpec


class MaskedAutoEncodingSpec(VisionObjectiveSpec):
    """The mean squared error of the hidden patches."""

    target: ClassVar[str] = "inkling.models.vision.objectives.masked_auto_encoding:MaskedAutoEncoding"

    type: Literal["masked_auto_encoding"] = "masked_auto_encoding"
    hidden: float = Field(0.75, gt=0, lt=1, description="part of the patches that is hidden")
    decoder_layers: int = Field(2, ge=1, description="blocks of the decoder")
    decoder_size: int = Field(64, ge=4, multiple_of=4, description="channels of a token in the decoder")


from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from inkling.models.training.batches import Batch
from inkling.models.vision.objectives.contract import VisionObjective
from inkling.models.vision.vit import VisionTransformer, VitBlock, draw_weights

_HEADS = 4
_SPREAD, _FLOOR = 0.02, 1e-4


class MaskedAutoEncoding(VisionObjective):
    """A vision transformer in front of a decoder of pixels."""

    def __init__(self, spec: MaskedAutoEncodingSpec, network: VisionTransformer, captions: Sequence[str]) -> None:
        """Draws the weights of the decoder."""
        super().__init__(network, captions)
        patches, width = network.side**2, spec.decoder_size
        self._patches, self._visible = patches, max(1, round((1 - spec.hidden) * patches))
        self.into = nn.Linear(network.width, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, 1 + patches, width))
        self.blocks = nn.ModuleList(VitBlock(width, _HEADS) for _ in range(spec.decoder_layers))
        self.norm = nn.LayerNorm(width)
        self.draw = nn.Linear(width, 3 * network.patch_size**2)
        for part in (self.into, self.blocks, self.draw):
            draw_weights(part)
        nn.init.normal_(self.mask_token, std=_SPREAD)
        nn.init.normal_(self.places, std=_SPREAD)

    def batch(self, pixels: Tensor, numbers: Sequence[int], random: np.random.Generator) -> Batch:
        """The pictures, and an order of the patches of each (batch, patches), whose first ones are visible."""
        order = random.permuted(np.tile(np.arange(self._patches), (len(pixels), 1)), axis=1)
        return {"pixels": pixels, "order": torch.from_numpy(order)}

    def loss(self, batch: Batch) -> Tensor:
        """The error of the hidden patches, mean over patches and values."""
        pixels, order = batch["pixels"], batch["order"]
        visible, hidden = order[:, : self._visible], order[:, self._visible :]
        seen = self.into(
            self.network.run(_rows(self.network.embed(pixels), visible))[-1]
        )  # (batch, 1 + visible, width)
        masks = self.mask_token.expand(len(pixels), hidden.shape[1], -1)
        tokens = _rows(
            torch.cat([seen[:, 1:], masks], 1), order.argsort(1)
        )  # (batch, patches, width), each in its place
        tokens = torch.cat([seen[:, :1], tokens], 1) + self.places
        for block in self.blocks:
            tokens = block(tokens)
        drawn = _rows(self.draw(self.norm(tokens))[:, 1:], hidden)  # (batch, hidden, values)
        return (drawn - _rows(self._targets(pixels), hidden)).square().mean()

    def _targets(self, pixels: Tensor) -> Tensor:
        """The pixels of each patch, normalised by it (batch, patches, 3 * patch_size ** 2)."""
        side, patch = self.network.side, self.network.patch_size
        parts = pixels.reshape(-1, 3, side, patch, side, patch).permute(0, 2, 4, 1, 3, 5)
        values = parts.reshape(-1, side**2, 3 * patch**2)
        return (values - values.mean(2, keepdim=True)) / (values.var(2, keepdim=True) + _FLOOR).sqrt()


def _rows(tokens: Tensor, places: Tensor) -> Tensor:
    """Of each picture the tokens (batch, tokens, width) at its places (batch, count)."""
    return tokens.gather(1, places[..., None].expand(-1, -1, tokens.shape[2]))
