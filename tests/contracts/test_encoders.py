"""Every vision encoder gives what its spec states."""

import subprocess
import sys
import warnings
from pathlib import Path

import onnxruntime
import pytest
import torch
import transformers
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

from inkling.models.settings import ConfigError
from inkling.models.spec import EncoderSpec
from inkling.models.vision import ENCODERS
from inkling.models.vision.contract import Encoder

SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
NETWORKS = {
    "clip": ("CLIPVisionConfig", "CLIPVisionModel"),
    "siglip": ("SiglipVisionConfig", "SiglipVisionModel"),
    "dinov2": ("Dinov2Config", "Dinov2Model"),
    "vit_mae": ("ViTMAEConfig", "ViTMAEModel"),
}
NAMES = [*(name for name in ENCODERS.names() if name != "hugging-face"), *(f"hugging-face {kind}" for kind in NETWORKS)]


def folder(kind: str, path: Path) -> Path:
    """A folder with a small network of random weights, as transformers writes it."""
    config, network = (getattr(transformers, name) for name in NETWORKS[kind])
    torch.manual_seed(0)
    network(config(**SIZES, image_size=56, patch_size=14)).save_pretrained(path)
    return path


@pytest.fixture(params=NAMES)
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> EncoderSpec:
    name, _, kind = request.param.partition(" ")
    return ENCODERS.read({"type": name, "path": str(folder(kind, tmp_path / kind)), "grid": 2} if kind else name)


@pytest.fixture
def encoder(spec: EncoderSpec) -> Encoder:
    """The encoder with all of its views; weights of a package stay random."""
    torch.manual_seed(1)
    network: Encoder = spec.build(list(spec.views))
    if spec.package is None:
        network.load_published(None)
    return network


def pixels(spec: EncoderSpec, count: int) -> torch.Tensor:
    """Random pixels (count, 3, image_size, image_size)."""
    side = spec.preprocessing.image_size
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(2))


def test_views_have_the_stated_shapes(spec: EncoderSpec, encoder: Encoder) -> None:
    with torch.inference_mode():
        found = encoder(pixels(spec, 2))
    shapes = {view: tuple(features.shape[1:]) for view, features in zip(spec.views, found, strict=True)}
    assert shapes == spec.views
    assert all(torch.isfinite(features).all() for features in found)


def test_stated_parameters_are_those_counted(spec: EncoderSpec, encoder: Encoder) -> None:
    assert spec.num_params() == sum(parameter.numel() for parameter in encoder.parameters())


def test_stated_operations_are_those_counted(spec: EncoderSpec) -> None:
    whole = next((view for view in ("patches", "strips") if view in spec.views), "grid")
    encoder = spec.build([whole])
    for part in encoder.modules():
        if isinstance(part, transformers.PreTrainedModel):
            part.set_attn_implementation("eager")  # the fused kernels are not counted
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        encoder(pixels(spec, 1))
    assert spec.multiply_adds() == pytest.approx(counter.get_total_flops() / 2, rel=0.01)


def test_a_view_of_quarters_is_that_of_each_quarter_in_turn(spec: EncoderSpec, encoder: Encoder) -> None:
    cropped: Encoder = spec.build(["quarters.grid"])
    cropped.load_state_dict(encoder.state_dict())
    quarters = pixels(spec, 4)
    rows = [torch.cat(list(quarters[first : first + 2]), 2) for first in (0, 2)]
    with torch.inference_mode():
        (found,) = cropped(torch.cat(rows, 1)[None])
        among = dict(zip(spec.views, encoder(quarters), strict=True))["grid"]
    assert found.shape[1:] == spec.all_views["quarters.grid"]
    torch.testing.assert_close(found[0], among.flatten(0, 1), rtol=1e-4, atol=1e-4)


def test_its_graph_takes_any_number_of_pictures(spec: EncoderSpec, encoder: Encoder, tmp_path: Path) -> None:
    if spec.num_params() > 15e6:
        pytest.skip("exporting takes minutes; what is particular to its network is that of transformers")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            encoder, (pixels(spec, 2),), tmp_path / "vision.onnx", dynamo=False, opset_version=18,
            input_names=["pixels"], output_names=list(spec.views), dynamic_axes={"pixels": {0: "images"}},
        )  # fmt: skip
    session = onnxruntime.InferenceSession(tmp_path / "vision.onnx", providers=["CPUExecutionProvider"])
    several = pixels(spec, 3)
    found = session.run(list(spec.views), {"pixels": several.numpy()})
    with torch.inference_mode():
        for view, expected in zip(found, encoder(several), strict=True):
            torch.testing.assert_close(torch.from_numpy(view), expected, rtol=1e-3, atol=1e-3)


def test_it_is_frozen(encoder: Encoder) -> None:
    assert not encoder.training
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


def test_an_image_does_not_depend_on_its_neighbours(spec: EncoderSpec, encoder: Encoder) -> None:
    several = pixels(spec, 3)
    with torch.inference_mode():
        together, alone = encoder(several), encoder(several[1:2])
    for first, second in zip(together, alone, strict=True):
        torch.testing.assert_close(first[1:2], second, rtol=1e-4, atol=1e-4)


def test_one_view_is_the_same_as_among_all(spec: EncoderSpec, encoder: Encoder) -> None:
    images = pixels(spec, 1)
    with torch.inference_mode():
        among = dict(zip(spec.views, encoder(images), strict=True))
        for view in (name for name in spec.views if "layers.-" not in name or name == "layers.-2"):
            single: Encoder = spec.build([view])
            single.load_state_dict(encoder.state_dict())
            (alone,) = single(images)
            torch.testing.assert_close(alone, among[view])


def test_it_is_rebuilt_from_what_is_stored(spec: EncoderSpec, encoder: Encoder, tmp_path: Path) -> None:
    save_file(encoder.state_dict(), tmp_path / "model.safetensors")
    stored = ENCODERS.read(spec.resolve().model_dump(mode="json"))
    images = pixels(spec, 1)
    with torch.inference_mode():
        again = stored.load(list(stored.views), tmp_path / "model.safetensors")(images)
        for first, second in zip(encoder(images), again, strict=True):
            assert torch.equal(first, second)


def test_a_view_that_it_does_not_give_is_refused(spec: EncoderSpec) -> None:
    with pytest.raises(ConfigError, match=r"unknown view of the encoder .* 'crops'.*Valid: .*grid"):
        spec.build(["crops"])


def test_specs_are_read_where_torch_cannot_be_imported(tmp_path: Path) -> None:
    path = folder("clip", tmp_path / "clip")
    code = (
        "import sys; sys.modules.update(torch=None, transformers=None, onnx=None)\n"
        "from inkling.models.vision import ENCODERS\n"
        "for name in ENCODERS.names():\n"
        f"    spec = ENCODERS.read({{'type': name, 'path': {str(path)!r}}} if name == 'hugging-face' else name)\n"
        "    print(name, spec.num_params() > 0, spec.views['grid'], spec.preprocessing.image_size)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == len(ENCODERS.names())
