"""The engine of an exported model: three graphs on ONNX Runtime, pixels and token ids in, logits out, with a KV cache.

Names of inputs and outputs follow Hugging Face Optimum's exports (`inputs_embeds`, `past_key_values.0.key`, ...).
Needs no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime

from inkling.models.inference.engine import Engine, Floats, Ids, Ints, State

VISION, EMBEDDING, DECODER = "vision.onnx", "embedding.onnx", "decoder.onnx"
Device = Literal["auto", "cpu", "cuda"]
_CUDA = "CUDAExecutionProvider"
_SPIN_MICROSECONDS = "50"
"""How long a thread waits awake for its next part: from one product to the next in a step, and hardly beyond it."""


class DeviceError(RuntimeError):
    """A device that is requested and cannot be used."""


class OnnxEngine(Engine[Floats, Floats]):
    """Runs `vision.onnx`, `embedding.onnx` and `decoder.onnx`; safe to use from several threads.

    Images are what `embed_images` makes of them, float32 (images, tokens, hidden_size).
    """

    def __init__(self, directory: str | Path, context: int, threads: int, device: Device = "auto") -> None:
        """Loads the graphs.

        Args:
            directory: Where they lie.
            context: Positions that the language model reads at most.
            threads: Threads of one inference on a CPU.
            device: "auto" takes CUDA where the machine has an NVIDIA device and its libraries, else the CPU.

        Raises:
            DeviceError: If CUDA is requested and cannot be used.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.spin_duration_us", _SPIN_MICROSECONDS)
        vision, embedding, decoder = (
            onnxruntime.InferenceSession(str(Path(directory) / name), options, providers=_providers(device))
            for name in (VISION, EMBEDDING, DECODER)
        )
        if device == "cuda" and _CUDA not in decoder.get_providers():
            raise DeviceError("CUDA is requested, but ONNX Runtime finds no usable GPU, CUDA 13 or cuDNN 9; use 'auto'")
        self.context = context
        self._vision, self._embedding, self._decoder = vision, embedding, decoder
        inputs = {entry.name: entry.shape for entry in decoder.get_inputs()}
        self._past = {
            name: (shape[1], shape[3]) for name, shape in inputs.items() if name.startswith("past_key_values.")
        }

    def embed_images(self, pixels: Floats) -> Floats:
        """Maps preprocessed pixels (n, 3, size, size) to inputs of the decoder (n, tokens, hidden_size)."""
        return _run(self._vision, {"pixel_values": pixels})[0]

    def prefill(self, prompts: Sequence[Ids], images: Floats | None = None) -> State[Floats]:
        """As the contract says; the image is then in the cache, and is not kept beside it."""
        return replace(super().prefill(prompts, images), memory=None)

    def _image_shape(self, images: Floats | None) -> tuple[int, int]:
        return (0, 0) if images is None else (images.shape[0], images.shape[1])

    def _remember(self, images: Floats, ids: Ints, mask: Ints) -> Mapping[str, Floats]:
        return {"image_tokens": images}

    def _embed(self, ids: Ints, memory: Mapping[str, Floats] | None) -> Floats:
        text = _run(self._embedding, {"input_ids": ids})[0]
        if memory is None:
            return text
        return np.concatenate([text[:, :1], memory["image_tokens"], text[:, 1:]], axis=1)

    def _empty(self, count: int) -> list[Floats]:
        return [np.zeros((count, heads, 0, size), np.float32) for heads, size in self._past.values()]

    def _stack(self, arrays: Sequence[Floats]) -> Floats:
        shape = max(array.shape for array in arrays)
        joined = np.zeros((len(arrays), *shape), np.float32)
        for row, array in enumerate(arrays):
            joined[row, ..., : array.shape[-2], :] = array
        return joined

    def _forward(
        self, state: State[Floats], inputs: Floats, mask: Ints, positions: Ints, wanted: Ints | None
    ) -> tuple[Floats, list[Floats]]:
        feeds = {
            "inputs_embeds": inputs,
            "attention_mask": mask,
            "position_ids": positions,
            **dict(zip(self._past, state.past, strict=True)),
        }
        logits, *present = _run(self._decoder, feeds)  # the graph computes every position's logits
        return logits if wanted is None else logits[np.arange(len(logits)), wanted][:, None], present


def _providers(device: Device) -> list[str | tuple[str, dict[str, str]]]:
    """Where to run, in order of preference; TensorFloat-32 would round logits to three digits."""
    cuda = device == "cuda" or (device == "auto" and Path("/dev/nvidiactl").exists())
    return [*([(_CUDA, {"use_tf32": "0"})] if cuda else []), "CPUExecutionProvider"]


def _run(session: onnxruntime.InferenceSession, feeds: dict[str, Any]) -> list[Floats]:
    outputs: list[Floats] = session.run(None, feeds)
    return outputs
