"""A model of random weights, the same at each call, and the engines that it is asked through."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unit import Sizes

SHARPNESS = 4.0
"""The last layer is multiplied by it: choices of a random network are then as far apart as those of a trained one."""
_ENCODER, _CUDA = "tiny-random", "CUDAExecutionProvider"
Prompts = list[list[int]]


def random_model(sizes: Sizes) -> Any:
    """A multimodal model on the CPU: random weights, the same at each call, and the tests' small encoder."""
    import torch

    from inkling.models.connectors import CONNECTORS
    from inkling.models.language.presets import load_preset
    from inkling.models.multimodal import MultimodalModel
    from inkling.models.vision import ENCODERS

    encoder = ENCODERS.read(_ENCODER)
    spec = load_preset(sizes["preset"]).model_copy(update=sizes.get("shape", {}))
    language = spec.build(sizes["vocabulary"], seed=1)
    with torch.no_grad():
        language.lm_head.weight.mul_(SHARPNESS)
    torch.manual_seed(1)
    connector = CONNECTORS.read("mlp").build({"grid": encoder.views["grid"]}, spec.hidden_size)
    return MultimodalModel(language, connector, encoder=encoder.build(["grid"])).eval()


def export(model: Any, work: Path) -> Path:
    """Writes the graphs of a model; returns their folder."""
    from inkling.components.export.graphs import export_graphs

    graphs = work / "graphs"
    graphs.mkdir(parents=True, exist_ok=True)
    export_graphs(model, image_size(), graphs)
    return graphs


def image_size() -> int:
    """Height and width of the pixels that such a model reads."""
    from inkling.models.vision import ENCODERS

    return int(ENCODERS.read(_ENCODER).preprocessing.image_size)


def onnx_device(sizes: Sizes) -> str:
    """The device for ONNX Runtime, whose CUDA libraries torch has brought.

    Raises:
        RuntimeError: If it is to be CUDA and this build of ONNX Runtime does not know it.
    """
    import onnxruntime
    import torch  # noqa: F401 (its CUDA libraries are then in the process)

    if sizes["device"] == "cuda":
        if _CUDA not in onnxruntime.get_available_providers():
            raise RuntimeError(
                f"onnxruntime {onnxruntime.__version__} has no {_CUDA} (it has "
                f"{', '.join(onnxruntime.get_available_providers())}): install onnxruntime-gpu in its place"
            )
        if hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()
    return str(sizes["device"])


def onnx_engine(graphs: Path, context: int, threads: int, device: str) -> Any:
    """The engine of exported graphs."""
    from inkling.models.inference.onnx_engine import OnnxEngine

    return OnnxEngine(graphs, context, threads, "cuda" if device == "cuda" else "cpu")


def random_tokens(random: Any, lengths: Iterable[int], vocabulary: int) -> Prompts:
    """A text of random tokens of each length, none of them a special one."""
    return [random.integers(3, vocabulary, length).tolist() for length in lengths]
