"""PP-OCRv6's small network that reads a line of text, without its last layer (PaddleOCR: Du et al., arXiv 2009.09941).

It reads a strip of 48 pixels in height and gives a vector of 120 channels for every 8 pixels of its width, out of which
its own last layer would tell 18,710 characters. A square picture becomes such strips: each half a strip below the last,
so that a line which one strip cuts lies whole in another. The weights are those of the ONNX graph in the package
rapidocr; they are loaded into torch, so that the network is served as any other encoder.
"""

from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from inkling.models.spec import EncoderSpec
from inkling.models.vision.preprocess import Preprocessing

_HEIGHT, _STEP, _WIDTH = 48, 8, 120
_STEM, _POOLED = (48, 24, 96), (3, 2)
_HEADS, _INNER, _LAYERS = 8, 240, 2
_EPSILON = 1e-5  # of batch normalisation, as the graph has it


class _OcrBlock(NamedTuple):
    """A depthwise convolution, squeeze and excitation or none, and two layers; one that widens halves the height."""

    inputs: int
    outputs: int
    squeezed: bool = False


_BLOCKS = (
    _OcrBlock(96, 96, True), _OcrBlock(96, 96), _OcrBlock(96, 96), _OcrBlock(96, 192),
    *3 * (_OcrBlock(192, 192, True), _OcrBlock(192, 192)), _OcrBlock(192, 384),
    _OcrBlock(384, 384, True), _OcrBlock(384, 384),
)  # fmt: skip


def _layers(width: int) -> list[tuple[int, int, int]]:
    """Weights without biases, outputs, and places of each convolution and matrix, for a strip of that width."""
    first, second, last = _STEM
    places, half = (_HEIGHT // 4) * (width // 4), (_HEIGHT // 2) * (width // 2)
    found = [
        (9 * 3 * first, first, half), (4 * first * second, second, half), (4 * second * first, first, half),
        (9 * 2 * first * first, first, places), (first * last, last, places),
    ]  # fmt: skip
    for inputs, outputs, squeezed in _BLOCKS:
        places //= 2 if outputs > inputs else 1
        found.append((9 * inputs, inputs, places))
        if squeezed:
            found += [(inputs * inputs // 4, inputs // 4, 1), (inputs * inputs // 4, inputs, 1)]
        found += [(2 * inputs * inputs, 2 * inputs, places), (2 * inputs * outputs, outputs, places)]
    tokens, channels = width // _STEP, _BLOCKS[-1].outputs
    found += [(channels * _WIDTH, _WIDTH, tokens), (channels * _WIDTH, _WIDTH, tokens), (7 * _WIDTH, _WIDTH, tokens)]
    for _ in range(_LAYERS):
        found += [
            (outputs * inputs, outputs, tokens)
            for inputs, outputs in ((_WIDTH, 3 * _WIDTH), (_WIDTH, _WIDTH), (_WIDTH, _INNER), (_INNER, _WIDTH))
        ]
    return found


class PpOcrSpec(EncoderSpec):
    """PP-OCRv6's small recognition network: of 192 x 192 pixels, 7 strips of 24 tokens."""

    target: ClassVar[str] = "inkling.models.vision.pp_ocr:PpOcr"
    package: ClassVar[tuple[str, str] | None] = ("rapidocr", "rapidocr/models/PP-OCRv6_rec_small.onnx")

    type: Literal["pp-ocr"] = "pp-ocr"
    rows: int = Field(4, ge=1, description="strips of 48 pixels that lie in the picture one below the other")
    grid: int = Field(4, ge=1, description="tokens along a side of the view `grid`")

    @property
    def preprocessing(self) -> Preprocessing:
        """From -1 to 1."""
        return Preprocessing(image_size=_HEIGHT * self.rows, mean=127.5, scale=127.5)

    @property
    def strips(self) -> tuple[int, int]:
        """Strips of a picture, and tokens of each."""
        return 2 * self.rows - 1, _HEIGHT * self.rows // _STEP

    @property
    def views(self) -> dict[str, tuple[int, int]]:
        """`strips`, the tokens of each strip from left to right, downwards; `grid`, these resampled to a square."""
        strips, tokens = self.strips
        return {"grid": (self.grid * self.grid, _WIDTH), "strips": (strips * tokens, _WIDTH)}

    def num_params(self) -> int:
        """Weights, biases and norms, batch normalisation folded in."""
        norms = (2 * _LAYERS + 1) * 2 * _WIDTH
        return sum(weights + outputs for weights, outputs, _ in _layers(_HEIGHT)) + norms

    def multiply_adds(self) -> int:
        """Those of all strips; neighbouring strips share no work."""
        strips, tokens = self.strips
        attention = _LAYERS * 2 * tokens * tokens * _WIDTH
        return strips * (sum(weights * places for weights, _, places in _layers(_HEIGHT * self.rows)) + attention)


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.vision.contract import Encoder
from inkling.models.vision.grid import GridPooling


class OcrStem(nn.Module):
    """Strips (strips, 3, 48, width) to maps (strips, 96, 12, width / 4)."""

    def __init__(self) -> None:
        """Builds the convolutions, in the order in which they run."""
        super().__init__()
        first, second, last = _STEM
        self.first = nn.Conv2d(3, first, 3, 2, 1)
        self.narrow, self.widen = nn.Conv2d(first, second, 2), nn.Conv2d(second, first, 2)
        self.join, self.last = nn.Conv2d(2 * first, first, 3, 2, 1), nn.Conv2d(first, last, 1)

    def forward(self, strips: Tensor) -> Tensor:
        """The map of each strip; kernels of two are padded behind."""
        padding = [0, 1, 0, 1]
        first = functional.pad(functional.relu(self.first(strips)), padding)
        second = functional.relu(self.narrow(first))
        second = functional.relu(self.widen(functional.pad(second, padding)))
        joined = torch.cat([functional.max_pool2d(first, 2, 1), second], 1)
        return functional.relu(self.last(functional.relu(self.join(joined))))


class OcrBlock(nn.Module):
    """A depthwise convolution, squeeze and excitation or none, and two layers, added to what goes into them."""

    def __init__(self, block: _OcrBlock) -> None:
        """Builds the layers, in the order in which they run."""
        super().__init__()
        inputs, outputs, squeezed = block
        self._widens = outputs > inputs
        self.depthwise = nn.Conv2d(inputs, inputs, 3, (2, 1) if self._widens else 1, 1, groups=inputs)
        self.squeeze = nn.Conv2d(inputs, inputs // 4, 1) if squeezed else None
        self.excite = nn.Conv2d(inputs // 4, inputs, 1) if squeezed else None
        self.up, self.down = nn.Conv2d(inputs, 2 * inputs, 1), nn.Conv2d(2 * inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Maps (strips, inputs, height, width) to (strips, outputs, height or half of it, width)."""
        features = self.depthwise(features)
        if self.squeeze is not None and self.excite is not None:
            gate = self.excite(functional.relu(self.squeeze(features.mean((2, 3), keepdim=True))))
            features = features * functional.hardsigmoid(gate)
        mixed: Tensor = self.down(functional.gelu(self.up(features)))
        return mixed if self._widens else features + mixed


class OcrMixing(nn.Module):
    """Attention along a strip, and two layers, each behind a norm; tokens (strips, tokens, 120)."""

    def __init__(self) -> None:
        """Builds the layers, in the order in which they run."""
        super().__init__()
        self.attention_norm, self.qkv = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, 3 * _WIDTH)
        self.out = nn.Linear(_WIDTH, _WIDTH)
        self.norm, self.up, self.down = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, _INNER), nn.Linear(_INNER, _WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """Mixes the tokens."""
        split = self.qkv(self.attention_norm(tokens)).unflatten(2, (3, _HEADS, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each (strips, heads, tokens, channels of a head)
        weights = (query * query.shape[3] ** -0.5 @ key.transpose(2, 3)).softmax(-1)
        tokens = tokens + self.out((weights @ value).transpose(1, 2).flatten(2))
        mixed: Tensor = tokens + self.down(functional.silu(self.up(self.norm(tokens))))
        return mixed


class PpOcr(Encoder):
    """Pixels (batch, 3, size, size), normalised, to views (batch, tokens, 120)."""

    def __init__(self, spec: PpOcrSpec, views: tuple[str, ...]) -> None:
        """Builds the network with untrained weights, its layers in the order in which the graph runs them."""
        super().__init__()
        self._views, self._strips = views, spec.strips
        self.stem = OcrStem()
        self.blocks = nn.Sequential(*(OcrBlock(block) for block in _BLOCKS))
        channels = _BLOCKS[-1].outputs
        self.skip, self.narrow = nn.Conv2d(channels, _WIDTH, 1), nn.Conv2d(channels, _WIDTH, 1)
        self.along = nn.Conv2d(_WIDTH, _WIDTH, (1, 7), padding=(0, 3), groups=_WIDTH)
        self.mixing = nn.Sequential(*(OcrMixing() for _ in range(_LAYERS)))
        self.norm = nn.LayerNorm(_WIDTH, eps=1e-6)
        self.pool = GridPooling(spec.strips[0], spec.grid, spec.strips[1])

    def load_published(self, weights: bytes | None) -> None:
        """Takes the weights out of the published ONNX graph."""
        assert weights is not None
        kinds = (nn.Conv2d, nn.Linear, nn.LayerNorm)
        layers = [[part for part in self.modules() if isinstance(part, kind)] for kind in kinds]
        stored = graph_layers(weights)
        shapes = [[tuple(part.weight.shape) for part in parts] for parts in layers]
        if shapes != [[tuple(weight.shape) for weight, _ in found] for found in stored]:
            raise ValueError("not the graph of PP-OCRv6's small recognition network: its layers are others")
        for parts, found in zip(layers, stored, strict=True):
            for part, (weight, bias) in zip(parts, found, strict=True):
                part.load_state_dict({"weight": weight, "bias": bias})

    def read(self, strips: Tensor) -> Tensor:
        """What its last layer would tell characters from: strips (strips, 3, 48, width) to (strips, width / 8, 120)."""
        pooled = functional.avg_pool2d(self.blocks(self.stem(strips)), _POOLED)  # (strips, 384, 1, tokens)
        narrow = functional.silu(self.narrow(pooled))
        narrow = narrow + functional.silu(self.along(narrow))
        tokens = self.norm(self.mixing(narrow.flatten(2).transpose(1, 2)))
        found: Tensor = tokens + functional.silu(self.skip(pooled)).flatten(2).transpose(1, 2)
        return found

    def encode(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Encodes a batch of images; the network was trained on blue, green, red."""
        count, width = self._strips[0], int(pixels.shape[3])
        cut = [pixels[:, :, start : start + _HEIGHT] for start in range(0, _HEIGHT // 2 * count, _HEIGHT // 2)]
        strips = torch.stack(cut, 1).flatten(0, 1).flip(1)  # (batch * strips, 3, 48, width)
        tokens = self.read(strips).reshape(-1, count * width // _STEP, _WIDTH)
        found = {"strips": tokens}
        if "grid" in self._views:
            found["grid"] = self.pool(tokens.transpose(1, 2).unflatten(2, self._strips))
        return tuple(found[view] for view in self._views)


Stored = list[tuple[Tensor, Tensor]]
"""Weight and bias of each layer."""


def graph_layers(graph: bytes) -> tuple[Stored, Stored, Stored]:
    """The convolutions, matrices and layer norms of an ONNX graph, in the order in which they run.

    The graph names no layer. A bias stands in the addition behind a product; a batch normalisation behind a convolution
    is folded into it; a layer norm is written out, and ends in a product and an addition of vectors. The last matrix,
    which tells characters, is left out.
    """
    import onnx
    from onnx.numpy_helper import to_array

    model = onnx.load_from_string(graph)
    stored = {entry.name: torch.from_numpy(to_array(entry).copy()) for entry in model.graph.initializer}
    renamed: dict[str, str] = {}
    users: dict[str, onnx.NodeProto] = {}
    for node in model.graph.node:
        if node.op_type == "Identity":
            renamed[node.output[0]] = renamed.get(node.input[0], node.input[0])
        else:
            for name in node.input:
                users.setdefault(renamed.get(name, name), node)
    found: tuple[Stored, Stored, Stored] = ([], [], [])
    for node in model.graph.node:
        inputs = [stored.get(renamed.get(name, name)) for name in node.input]
        if len(inputs) < 2 or inputs[1] is None or node.output[0] not in users:
            continue
        weight, after = inputs[1], users[node.output[0]]
        behind = [stored.get(renamed.get(name, name)) for name in after.input]
        bias = next((value for value in behind if value is not None), torch.zeros(()))
        if node.op_type == "Conv":
            if after.op_type == "BatchNormalization":
                gain, shift, mean, variance = (value for value in behind if value is not None)
                gain = gain / (variance + _EPSILON).sqrt()
                weight, bias = weight * gain[:, None, None, None], shift - mean * gain
            found[0].append((weight, bias.flatten()))
        elif node.op_type == "MatMul":
            found[1].append((weight.T, bias))
        elif node.op_type == "Mul" and weight.shape == (_WIDTH,):
            found[2].append((weight, bias))
    return found[0], found[1][:-1], found[2]
