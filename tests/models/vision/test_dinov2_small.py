"""The packaged DINOv2 computes in transformers what its own graph computes in ONNX Runtime."""

import numpy as np
import pytest
import torch

from inkling.components.shared.storage.packages import cache_directory, package
from inkling.models.vision import ENCODERS
from inkling.models.vision.contract import Encoder

SPEC = ENCODERS.read("dinov2-small")
OUTPUT = "/backbone/layernorm/Add_1_output_0"


@pytest.fixture(scope="module")
def graph() -> bytes:
    assert SPEC.package is not None
    entry = package(SPEC.package[0])
    if not (cache_directory() / entry.file).exists():
        pytest.skip(f"the package is not fetched (run `inkling fetch {entry.name}`)")
    with entry.open() as wheel:
        return wheel.read(SPEC.package[1])


def test_it_equals_its_own_graph(graph: bytes) -> None:
    import onnx
    import onnxruntime

    model = onnx.load_from_string(graph)
    model.graph.output.append(onnx.ValueInfoProto(name=OUTPUT))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype(np.float32)
    (expected,) = session.run([OUTPUT], {"input_image": pixels})
    encoder: Encoder = SPEC.build(["cls", "patches"])
    encoder.load_published(graph)
    with torch.inference_mode():
        found = torch.cat(encoder(torch.from_numpy(pixels)), dim=1)
    assert np.abs(found.numpy() - expected).max() < 1e-4


def test_another_graph_is_refused(graph: bytes) -> None:
    import onnx

    model = onnx.load_from_string(graph)
    kept = [entry for entry in model.graph.initializer if entry.name != "backbone.layernorm.bias"]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    encoder: Encoder = SPEC.build(["cls"])
    with pytest.raises(ValueError, match=r"tensors that differ: layernorm\.bias"):
        encoder.load_published(model.SerializeToString())
