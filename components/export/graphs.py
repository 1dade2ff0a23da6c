"""The three graphs: vision (with the connector), embedding, and decoder with a key-value cache; always the same bytes.

The first two are written by torch's tracing exporter: these networks have no branches, and it takes a second of a
laptop's processor where the exporter on top of `torch.export` takes eleven. `decoder.py` writes the third.
"""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from inkling.components.export.decoder import decoder_graph
from inkling.models.inference.onnx_engine import DECODER, EMBEDDING, VISION
from inkling.models.multimodal import MultimodalModel

_OPSET = 18
_BATCH, _SEQUENCE = 2, 4  # sizes of the example inputs; the graphs take any


class Vision(nn.Module):
    """Prepared pixels (n, 3, size, size) to what the fusion keeps of images: inputs of the decoder, by name."""

    names = ("image_tokens",)
    """What the decoder can take: inputs behind the first token (n, positions, hidden_size)."""

    def __init__(self, model: MultimodalModel) -> None:
        """Joins encoder, connector and fusion."""
        super().__init__()
        assert model.encoder is not None
        self.encoder, self.connector, self.fusion = model.encoder, model.connector, model.fusion

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """What is kept of each image, in the order of `names`.

        Raises:
            ValueError: If it is something else.
        """
        memory = self.fusion.remember(self.connector(*self.encoder(pixels)))
        if {*memory} != {*self.names}:
            raise ValueError(
                f"the fusion '{self.fusion.spec.type}' keeps {', '.join(memory)} of an image, and the ONNX decoder "
                f"takes {', '.join(self.names)} alone"
            )
        return tuple(memory[name] for name in self.names)


def export_graphs(model: MultimodalModel, image_size: int, directory: Path) -> None:
    """Writes `vision.onnx`, `embedding.onnx` and `decoder.onnx`.

    Args:
        model: The model, its encoder included, in evaluation mode.
        image_size: Height and width of the encoder's pixels.
        directory: Where the files go.

    Raises:
        ValueError: If the model has no encoder, or its fusion or connector cannot be exported.
    """
    if model.connector.spec.reads_question:
        raise ValueError(
            f"the ONNX graphs make image tokens of the image alone, but the connector '{model.connector.spec.type}' "
            "reads the question too: adapt with another"
        )
    if not model.fusion.spec.exportable:
        raise ValueError(f"the ONNX graphs cannot hold the fusion '{model.fusion.spec.type}': adapt with 'prefix'")
    if model.encoder is None:
        raise ValueError("the model was loaded without its vision encoder")
    pixels = torch.zeros(_BATCH, 3, image_size, image_size)
    _export(Vision(model), (pixels,), directory / VISION, {"pixel_values": {0: "images"}}, Vision.names)
    ids, text = torch.zeros(_BATCH, _SEQUENCE, dtype=torch.int64), {0: "batch", 1: "sequence"}
    embeddings = model.language.get_input_embeddings()
    _export(embeddings, (ids,), directory / EMBEDDING, {"input_ids": text}, ["inputs_embeds"])
    _write(decoder_graph(model.language), directory / DECODER)


@torch.no_grad()
def _export(
    module: nn.Module, example: tuple[Tensor, ...], path: Path, axes: dict[str, dict[int, str]], outputs: Sequence[str]
) -> None:
    """Traces a module with example inputs, named by `axes`, whose given axes may take any length."""
    buffer = BytesIO()
    options: dict[str, Any] = {"input_names": list(axes), "output_names": list(outputs), "dynamic_axes": axes}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
        warnings.filterwarnings("ignore", message="Constant folding")
        torch.onnx.export(module.eval(), example, buffer, dynamo=False, opset_version=_OPSET, **options)
    _write(onnx.load_from_string(buffer.getvalue()), path)


def _write(graph: onnx.ModelProto, path: Path) -> None:
    onnx.checker.check_model(graph)
    path.write_bytes(graph.SerializeToString(deterministic=True))
