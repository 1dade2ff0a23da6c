"""A folder's encoder gives what transformers gives of the same folder."""

from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel, CLIPVisionModel, Dinov2Config, Dinov2Model, ViTMAEConfig, ViTMAEModel

from inkling.models.settings import ConfigError
from inkling.models.vision import ENCODERS
from inkling.models.vision.contract import Encoder

SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 56, "patch_size": 14}
PIXELS = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(0))


def encode(path: Path, views: list[str], **settings: object) -> tuple[torch.Tensor, ...]:
    """What the spec's network gives of the pixels, with the weights of the folder."""
    encoder: Encoder = ENCODERS.read({"type": "hugging-face", "path": str(path), "grid": 2, **settings}).build(views)
    encoder.load_published(None)
    with torch.inference_mode():
        return encoder(PIXELS)


def test_the_vision_half_of_a_whole_clip(tmp_path: Path) -> None:
    torch.manual_seed(0)
    text = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "vocab_size": 40,
    }
    CLIPModel(CLIPConfig(vision_config={**SIZES, "intermediate_size": 64}, text_config=text)).save_pretrained(tmp_path)
    cls, patches, grid = encode(tmp_path, ["cls", "patches", "grid"])
    with torch.inference_mode():
        hidden = CLIPVisionModel.from_pretrained(tmp_path)(pixel_values=PIXELS).last_hidden_state
    torch.testing.assert_close(torch.cat([cls, patches], 1), hidden)
    square = patches.transpose(1, 2).unflatten(2, (4, 4))
    torch.testing.assert_close(grid, torch.nn.functional.adaptive_avg_pool2d(square, 2).flatten(2).transpose(1, 2))


def test_an_earlier_layer(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Dinov2Model(Dinov2Config(**SIZES)).eval()
    network.save_pretrained(tmp_path)
    (patches,) = encode(tmp_path, ["patches"], layer=-2)
    with torch.inference_mode():
        earlier = network(pixel_values=PIXELS, output_hidden_states=True).hidden_states[-2]
        expected = network.layernorm(earlier)[:, 1:]
    torch.testing.assert_close(patches, expected)


@pytest.mark.parametrize("kind", ["CLIPVision", "SiglipVision", "Dinov2", "ViTMAE"])
def test_patches_after_any_block(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(0)
    config, network = (getattr(transformers, f"{kind}{part}") for part in ("Config", "Model"))
    network(config(**SIZES, **({} if kind == "Dinov2" else {"intermediate_size": 64}))).save_pretrained(tmp_path)
    first, second, resampled = encode(tmp_path, ["layers.-3", "layers.-2", "layers.-2.2x2"])
    noise = {"noise": torch.arange(16).expand(2, -1)} if kind == "ViTMAE" else {}
    loaded = network.from_pretrained(tmp_path, **({"mask_ratio": 0.0} if noise else {})).eval()
    with torch.inference_mode():
        states = loaded(pixel_values=PIXELS, output_hidden_states=True, **noise).hidden_states
    tokens = slice(0 if kind == "SiglipVision" else 1, None)
    torch.testing.assert_close(first, states[1][:, tokens])
    torch.testing.assert_close(second, states[2][:, tokens])
    square = second.transpose(1, 2).unflatten(2, (4, 4))
    pooled = torch.nn.functional.adaptive_avg_pool2d(square, 2)
    torch.testing.assert_close(resampled, pooled.flatten(2).transpose(1, 2))


def test_a_side_that_no_patch_divides_is_cut(tmp_path: Path) -> None:
    torch.manual_seed(0)
    sizes = {**SIZES, "image_size": 60, "intermediate_size": 64}  # as SigLIP's 384 pixels in patches of 14
    transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**sizes)).save_pretrained(tmp_path)
    encoder: Encoder = ENCODERS.read({"type": "hugging-face", "path": str(tmp_path)}).build(["patches"])
    encoder.load_published(None)
    with torch.inference_mode():
        assert encoder(torch.zeros(1, 3, 60, 60))[0].shape == (1, 16, 32)


def test_a_masked_auto_encoder_sees_every_patch_in_its_place(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ViTMAEModel(ViTMAEConfig(**SIZES, intermediate_size=64)).save_pretrained(tmp_path)
    (first,), (again,) = encode(tmp_path, ["patches"]), encode(tmp_path, ["patches"])
    assert first.shape == (2, 16, 32)
    assert torch.equal(first, again)


@pytest.mark.parametrize(
    ("stated", "crop"), [('{"image_mean": [0, 0, 0], "image_std": [1, 1, 1]}', False), (None, False)]
)
def test_pixels_are_normalised_as_the_folder_says(tmp_path: Path, stated: str | None, crop: bool) -> None:
    Dinov2Model(Dinov2Config(**SIZES)).save_pretrained(tmp_path)
    if stated:
        (tmp_path / "preprocessor_config.json").write_text(stated)
    pixels = ENCODERS.read({"type": "hugging-face", "path": str(tmp_path)}).preprocessing
    assert (pixels.image_size, pixels.crop) == (56, crop)
    assert pixels.mean == ((0, 0, 0) if stated else pytest.approx((122.77, 116.75, 104.09), abs=0.01))


@pytest.mark.parametrize("kind", ["CLIPVision", "SiglipVision", "Dinov2", "ViTMAE"])
def test_positions_are_interpolated_to_another_size(tmp_path: Path, kind: str) -> None:
    torch.manual_seed(0)
    config, network = (getattr(transformers, f"{kind}{part}") for part in ("Config", "Model"))
    network(config(**SIZES, **({} if kind == "Dinov2" else {"intermediate_size": 64}))).save_pretrained(tmp_path)
    spec = ENCODERS.read({"type": "hugging-face", "path": str(tmp_path), "image_size": 84})
    assert (spec.preprocessing.image_size, spec.views["patches"]) == (84, (36, 32))
    encoder: Encoder = spec.build(["patches"])
    encoder.load_published(None)
    pixels = torch.randn(1, 3, 84, 84, generator=torch.Generator().manual_seed(0))
    loaded = network.from_pretrained(tmp_path, **({"mask_ratio": 0.0} if kind == "ViTMAE" else {})).eval()
    more = {} if kind == "Dinov2" else {"interpolate_pos_encoding": True}
    if kind == "ViTMAE":
        more["noise"] = torch.arange(36)[None]
    with torch.inference_mode():
        (found,) = encoder(pixels)
        expected = loaded(pixel_values=pixels, **more).last_hidden_state
    torch.testing.assert_close(found, expected[:, 0 if kind == "SiglipVision" else 1 :])
    again = ENCODERS.read(spec.resolve().model_dump(mode="json"))
    assert again.preprocessing.image_size == 84


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Dinov2Model(Dinov2Config(**SIZES)).eval()
    network.save_pretrained(tmp_path / "whole")
    network.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list((tmp_path / "shards").glob("model-*.safetensors"))) > 1
    for whole, sharded in zip(encode(tmp_path / "whole", ["cls"]), encode(tmp_path / "shards", ["cls"]), strict=True):
        assert torch.equal(whole, sharded)
    digests = [
        ENCODERS.read({"type": "hugging-face", "path": str(tmp_path / name)}).resolve().digest
        for name in ("whole", "shards")
    ]
    assert None not in digests
    next((tmp_path / "shards").glob("model-00002*")).unlink()
    with pytest.raises(ConfigError, match="it has no model-00002"):
        ENCODERS.read({"type": "hugging-face", "path": str(tmp_path / "shards")})


def test_a_folder_that_lacks_a_tensor_is_refused_with_its_name(tmp_path: Path) -> None:
    Dinov2Model(Dinov2Config(**SIZES)).save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["layernorm.bias"]
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks tensors of Dinov2Model: layernorm\.bias"):
        encode(tmp_path, ["cls"])


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    Dinov2Model(Dinov2Config(**SIZES)).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"no model\.safetensors; its weights are pickled"):
        ENCODERS.read({"type": "hugging-face", "path": str(tmp_path)})
