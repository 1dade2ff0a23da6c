"""What only the ONNX engine does: pixels through the vision graph, and a device that is refused where there is none."""

from pathlib import Path

import numpy as np
import pytest
import torch

from inkling.components.export.graphs import export_graphs
from inkling.models.connectors import CONNECTORS
from inkling.models.inference.onnx_engine import DeviceError, OnnxEngine
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.vision import ENCODERS

TINY = ENCODERS.read("tiny-random")
SIZE = TINY.preprocessing.image_size


@pytest.fixture(scope="module")
def model() -> MultimodalModel:
    torch.set_num_threads(1)
    language = load_preset("tiny").build(64, seed=1)
    connector = CONNECTORS.read("mlp").build({"grid": TINY.views["grid"]}, language.config.hidden_size)
    return MultimodalModel(language, connector, encoder=TINY.build(["grid"])).eval()


@pytest.fixture(scope="module")
def graphs(model: MultimodalModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("graphs")
    export_graphs(model, SIZE, directory)
    return directory


def test_pixels_go_through_encoder_and_connector(model: MultimodalModel, graphs: Path) -> None:
    pixels = np.random.default_rng(0).normal(size=(3, 3, SIZE, SIZE)).astype(np.float32)
    with torch.inference_mode():
        expected = model.connector(*model.encoder(torch.from_numpy(pixels))).numpy()
    np.testing.assert_allclose(OnnxEngine(graphs, 64, 1, "cpu").embed_images(pixels), expected, atol=1e-5)


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has an NVIDIA device")
def test_missing_device_is_named(graphs: Path) -> None:
    OnnxEngine(graphs, 64, 1, "auto")
    with pytest.raises(DeviceError, match="finds no usable GPU"):
        OnnxEngine(graphs, 64, 1, "cuda")
