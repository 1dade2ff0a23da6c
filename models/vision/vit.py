"""A plain vision transformer (Dosovitskiy et al., 2020, arXiv 2010.11929), for training from scratch.

Pre-norm blocks, a class token, learnt positions. Attention is written out, so that tracing, exporting and counting
operations meet nothing but products and a softmax.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.vision.grid import GridPooling

_SPREAD = 0.02


class VitBlock(nn.Module):
    """Attention and two layers, each behind a norm and added to its input; tokens (batch, tokens, width)."""

    def __init__(self, width: int, heads: int) -> None:
        """Draws the weights.

        Args:
            width: Channels of a token; a multiple of `heads`.
            heads: Heads of the attention.
        """
        super().__init__()
        self._heads = heads
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor, padding: Tensor | None = None) -> Tensor:
        """Mixes the tokens.

        Args:
            tokens: (batch, tokens, width).
            padding: 0 for a token that others see, minus infinity for padding, (batch, 1, 1, tokens).
        """
        split = self.qkv(self.attention_norm(tokens)).unflatten(2, (3, self._heads, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each (batch, heads, tokens, width / heads)
        scores = query @ key.transpose(2, 3) * query.shape[3] ** -0.5  # (batch, heads, tokens, tokens)
        weights = (scores if padding is None else scores + padding).softmax(-1)
        tokens = tokens + self.out((weights @ value).transpose(1, 2).flatten(2))
        mixed: Tensor = tokens + self.down(functional.gelu(self.up(self.feed_forward_norm(tokens))))
        return mixed


class VisionTransformer(nn.Module):
    """Pixels (batch, 3, size, size) to tokens (batch, 1 + patches, width), the class token first.

    Attributes:
        patch_size: Height and width of a patch, in pixels.
        side: Patches along a side of an image of the size that it is made for.
        width: Channels of a token.
    """

    def __init__(self, image_size: int, patch_size: int, width: int, layers: int, heads: int) -> None:
        """Draws the weights.

        Args:
            image_size: Height and width of the pixels; smaller squares of whole patches are taken too.
            patch_size: Height and width of a patch.
            width: Channels of a token.
            layers: Blocks.
            heads: Heads of each attention.
        """
        super().__init__()
        self.patch_size, self.side, self.width = patch_size, image_size // patch_size, width
        self.patches = nn.Conv2d(3, width, patch_size, patch_size)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 1 + self.side**2, width))
        self.blocks = nn.ModuleList(VitBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        draw_weights(self)
        nn.init.normal_(self.class_token, std=_SPREAD)
        nn.init.normal_(self.positions, std=_SPREAD)

    def embed(self, pixels: Tensor) -> Tensor:
        """Patches with their positions (batch, patches, width), without the class token."""
        patches = self.patches(pixels)  # (batch, width, rows, columns)
        positions, side = self.positions[:, 1:], patches.shape[3]
        if side != self.side:
            square = positions.transpose(1, 2).unflatten(2, (self.side, self.side))  # (1, width, side, side)
            positions = GridPooling(self.side, side).to(pixels.device)(square)
        embedded: Tensor = patches.flatten(2).transpose(1, 2) + positions
        return embedded

    def run(self, patches: Tensor) -> list[Tensor]:
        """Tokens of embedded patches (batch, patches, width), all or some: after each block, and last normalised."""
        first = (self.class_token + self.positions[:, :1]).expand(patches.shape[0], -1, -1)
        states = [torch.cat([first, patches], 1)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return [*states[1:-1], states[-1], self.norm(states[-1])]

    def forward(self, pixels: Tensor) -> Tensor:
        """Tokens after the last norm."""
        return self.run(self.embed(pixels))[-1]


def draw_weights(module: nn.Module) -> None:
    """Draws the weights of linear maps and convolutions as those of ViT; biases are zero."""
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            nn.init.trunc_normal_(
                part.weight, std=_SPREAD if isinstance(part, nn.Linear) else part.weight[0].numel() ** -0.5
            )
            if part.bias is not None:
                nn.init.zeros_(part.bias)
