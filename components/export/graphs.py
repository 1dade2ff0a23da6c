"""The three graphs: vision (with the connector), embedding, and decoder with a key-value cache; always the same bytes.

Written by torch's tracing exporter: these networks have no branches, and it takes a second of a laptop's processor
where the exporter on top of `torch.export` takes eleven.
"""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from inkling.models.inference.cache import cache_of, causal, past_of
from inkling.models.inference.onnx_engine import DECODER, EMBEDDING, VISION
from inkling.models.multimodal import MultimodalModel

_OPSET = 18
_BATCH, _PAST, _SEQUENCE = 2, 3, 4  # sizes of the example inputs; the graphs take any


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


class Decoder(nn.Module):
    """Continues b sequences of p tokens, whose keys and values are given, with s more."""

    def __init__(self, language: LlamaForCausalLM) -> None:
        """Wraps the language model."""
        super().__init__()
        self.language = language

    def forward(self, inputs: Tensor, mask: Tensor, positions: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """Predicts the next tokens.

        Args:
            inputs: Embeddings (b, s, hidden_size).
            mask: 1 for a token, 0 for padding, of what was read and what is new, int64 (b, p + s).
            positions: Position of each new token, int64 (b, s).
            *past: Key and value of each layer in turn, each (b, heads, p, head size).

        Returns:
            Logits (b, s, vocabulary), then keys and values with the new tokens' at the end.
        """
        cache = cache_of(past)
        visible = causal(mask, inputs)
        output = self.language(
            inputs_embeds=inputs, attention_mask=visible, position_ids=positions, past_key_values=cache, use_cache=True
        )
        return (output.logits, *past_of(cache))


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
    language = model.language
    config = language.config
    pixels = torch.zeros(_BATCH, 3, image_size, image_size)
    _export(
        Vision(model),
        (pixels,),
        directory / VISION,
        {"pixel_values": {0: "images"}},
        Vision.names,
    )
    text = {0: "batch", 1: "sequence"}
    ids = torch.zeros(_BATCH, _SEQUENCE, dtype=torch.int64)
    _export(language.get_input_embeddings(), (ids,), directory / EMBEDDING, {"input_ids": text}, ["inputs_embeds"])

    kinds = [f"{layer}.{part}" for layer in range(config.num_hidden_layers) for part in ("key", "value")]
    past = [torch.zeros(_BATCH, config.num_key_value_heads, _PAST, config.head_dim) for _ in kinds]
    inputs = torch.zeros(_BATCH, _SEQUENCE, config.hidden_size)
    mask = torch.ones(_BATCH, _PAST + _SEQUENCE, dtype=torch.int64)
    positions = torch.arange(_PAST, _PAST + _SEQUENCE).repeat(_BATCH, 1)
    axes = {"inputs_embeds": text, "attention_mask": {0: "batch", 1: "total"}, "position_ids": text}
    axes |= {f"past_key_values.{kind}": {0: "batch", 2: "past"} for kind in kinds}
    outputs = ["logits", *(f"present.{kind}" for kind in kinds)]
    _export(Decoder(language), (inputs, mask, positions, *past), directory / DECODER, axes, outputs)


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
    graph = onnx.load_from_string(buffer.getvalue())
    onnx.checker.check_model(graph)
    path.write_bytes(graph.SerializeToString(deterministic=True))
