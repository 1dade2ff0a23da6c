"""The packaged recognition network computes in torch what its own graph computes in ONNX Runtime."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from inkling.components.shared.storage.packages import cache_directory, package
from inkling.models.vision import ENCODERS
from inkling.models.vision.pp_ocr import PpOcr
from inkling.models.vision.preprocess import normalise

SPEC = ENCODERS.read("pp-ocr")
BEFORE_THE_LAST = "p2o.pd_op.transpose.8.0"


@pytest.fixture(scope="module")
def graph() -> bytes:
    assert SPEC.package is not None
    entry = package(SPEC.package[0])
    if not (cache_directory() / entry.file).exists():
        pytest.skip(f"the package is not fetched (run `inkling fetch {entry.name}`)")
    with entry.open() as wheel:
        return wheel.read(SPEC.package[1])


def test_it_equals_its_own_graph_on_every_strip(graph: bytes) -> None:
    import onnx
    import onnxruntime

    model = onnx.load_from_string(graph)
    model.graph.output.append(onnx.ValueInfoProto(name=BEFORE_THE_LAST))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    encoder: PpOcr = SPEC.build(["strips"])
    encoder.load_published(graph)
    picture = Image.new("RGB", (192, 192), "white")
    ImageDraw.Draw(picture).text((20, 60), "INKLING", "red", ImageFont.load_default(40))
    pixels = normalise(picture, SPEC.preprocessing)  # (3, 192, 192), red first
    strips = np.stack([pixels[::-1, start : start + 48] for start in range(0, 168, 24)])
    expected, characters = session.run([BEFORE_THE_LAST, "fetch_name_0"], {"x": strips})
    with torch.inference_mode():
        (found,) = encoder(torch.from_numpy(pixels)[None])
    np.testing.assert_allclose(found[0].numpy(), expected.reshape(168, 120), atol=1e-3)
    (names,) = [entry.value.split("\n") for entry in model.metadata_props if entry.key == "character"]
    read = characters[2].argmax(1)  # the strip from 48 to 96; 0 is the blank of CTC
    text = "".join(names[code - 1] for code, last in zip(read, [0, *read], strict=False) if code and code != last)
    assert "INK" in text


def test_another_graph_is_refused(graph: bytes) -> None:
    import onnx

    model = onnx.load_from_string(graph)
    next(node for node in model.graph.node if node.op_type == "MatMul").input[1] = "linear_8.w_0"
    encoder: PpOcr = SPEC.build(["strips"])
    with pytest.raises(ValueError, match="its layers are others"):
        encoder.load_published(model.SerializeToString())
