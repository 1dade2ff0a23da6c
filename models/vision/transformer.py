"""What is alike in all vision transformers: their sizes, counted without the network, and the views of their tokens.

`layers.-2` is the view of the patches after the last block but one, as LLaVA takes them (Liu et al., 2023, arXiv
2304.08485), and so on down to the first block; no last norm is applied to them. A connector that reads several of them
reads as DenseConnector does (Yao et al., 2024, arXiv 2405.13800).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

_LAYERS = "layers."


@dataclass(frozen=True)
class TransformerShape:
    """The sizes of a vision transformer.

    Attributes:
        hidden_size: Channels of a token.
        num_layers: Blocks that are run.
        intermediate_size: Channels inside the feed-forward part.
        patch_size: Height and width of a patch, in pixels.
        image_size: Height and width of the pixels that it is run on.
        trained_size: Those that its position embeddings were trained for.
        class_token: Whether a class token stands before the patches.
        patch_bias: Whether the projection of a patch has a bias.
        extra_vectors: Further learnt vectors: norms before the first or after the last block, a mask token.
        layer_scale: Whether each of a block's two parts is scaled by channel.
        gated: Whether the feed-forward part is a SwiGLU.
    """

    hidden_size: int
    num_layers: int
    intermediate_size: int
    patch_size: int
    image_size: int
    trained_size: int
    class_token: bool = True
    patch_bias: bool = True
    extra_vectors: int = 2
    layer_scale: bool = False
    gated: bool = False

    @property
    def patches(self) -> int:
        """Patches of an image."""
        return (self.image_size // self.patch_size) ** 2

    def num_params(self) -> int:
        """Weights of the network."""
        width, inner = self.hidden_size, self.intermediate_size
        positions = (self.trained_size // self.patch_size) ** 2 + self.class_token
        ends = 3 * self.patch_size**2 + self.patch_bias + positions + self.class_token + self.extra_vectors
        feed_forward = (2 * inner if self.gated else inner) * (width + 1) + width * (inner + 1)
        block = 4 * width * (width + 1) + feed_forward + (6 if self.layer_scale else 4) * width
        return ends * width + self.num_layers * block

    def multiply_adds(self) -> int:
        """Multiplications with an addition that an image takes, those of attention scores included."""
        width, tokens = self.hidden_size, self.patches + self.class_token
        feed_forward = (3 if self.gated else 2) * self.intermediate_size
        block = tokens * width * (4 * width + feed_forward + 2 * tokens)
        return self.patches * 3 * self.patch_size**2 * width + self.num_layers * block

    def views(self, grid: int) -> dict[str, tuple[int, int]]:
        """(tokens, channels) of each view.

        These are `grid`, the patches resampled to grid x grid; `patches`; `cls`, where there is a class token; and the
        patches after each earlier block, `layers.-2` and so on.
        """
        width = self.hidden_size
        found = {"grid": (grid * grid, width), "patches": (self.patches, width)}
        layers = {f"{_LAYERS}{place}": (self.patches, width) for place in range(-2, -self.num_layers - 1, -1)}
        return {**found, **({"cls": (1, width)} if self.class_token else {}), **layers}


def reads_layers(names: Sequence[str]) -> bool:
    """Whether a view among these is of an earlier block."""
    return any(name.startswith(_LAYERS) for name in names)


def views_of(
    hidden: "Tensor",
    names: Sequence[str],
    pool: "nn.Module",
    class_token: bool,
    layers: "Sequence[Tensor] | None" = None,
) -> "tuple[Tensor, ...]":
    """The views of a transformer's tokens.

    Args:
        hidden: Tokens (batch, class token and patches, channels) after the last block.
        names: Names of the views.
        pool: Resamples a map (batch, channels, side, side) to the tokens of `grid`.
        class_token: Whether the first token is a class token.
        layers: Such tokens after each block; needed where a view is of an earlier one.
    """
    patches = hidden[:, 1:] if class_token else hidden  # (batch, patches, channels)
    side = int(patches.shape[1] ** 0.5)
    found = {"patches": patches, "cls": hidden[:, :1]}
    if "grid" in names:
        found["grid"] = pool(patches.transpose(1, 2).unflatten(2, (side, side)))
    for name in names:
        if name.startswith(_LAYERS) and layers is not None:
            found[name] = layers[int(name.removeprefix(_LAYERS))][:, int(class_token) :]
    return tuple(found[name] for name in names)
