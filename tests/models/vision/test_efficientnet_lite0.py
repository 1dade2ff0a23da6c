"""The network pads as TensorFlow does, and folding the normalisation away changes nothing it computes."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from inkling.models.vision import ENCODERS
from inkling.models.vision.efficientnet_lite0 import EfficientNetLite0, SameConvolution, fold_checkpoint

CONVOLUTIONS = {"stem": "_conv_stem", "head": "_conv_head"}
NORMS = {"stem": "_bn0", "head": "_bn1", "expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "before", "after"),
    [(224, 3, 2, 0, 1), (112, 3, 1, 1, 1), (56, 5, 2, 1, 2), (14, 5, 1, 2, 2), (7, 1, 1, 0, 0)],
)
def test_same_padding(size: int, kernel: int, stride: int, before: int, after: int) -> None:
    convolution = SameConvolution(2, 3, kernel, size, stride)
    pixels = torch.randn(1, 2, size, size, generator=torch.Generator().manual_seed(0))
    padded = functional.pad(pixels, [before, after, before, after])
    expected = functional.conv2d(padded, convolution.weight, convolution.bias, stride)
    assert expected.shape[-1] == -(-size // stride)
    torch.testing.assert_close(convolution(pixels), expected)


def published_name(folded: str) -> tuple[str, str]:
    """The published names of a convolution and of its normalisation."""
    if folded in CONVOLUTIONS:
        return CONVOLUTIONS[folded], NORMS[folded]
    _, block, part = folded.split(".")
    return f"_blocks.{block}._{part}_conv", f"_blocks.{block}.{NORMS[part]}"


def random_checkpoint() -> tuple[dict[str, Tensor], EfficientNetLite0]:
    """A checkpoint of random tensors, and the network whose convolutions it names."""
    network, generator = ENCODERS.read("efficientnet-lite0").build(["grid"]), torch.Generator().manual_seed(1)
    checkpoint = {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}
    for name, module in network.named_modules():
        if isinstance(module, SameConvolution):
            convolution, norm = published_name(name)
            checkpoint[f"{convolution}.weight"] = torch.randn(module.weight.shape, generator=generator)
            for part in ("weight", "bias", "running_mean", "running_var"):
                checkpoint[f"{norm}.{part}"] = torch.rand(module.out_channels, generator=generator) + 0.5
            checkpoint[f"{norm}.num_batches_tracked"] = torch.tensor(1)
    return checkpoint, network


def test_folding_equals_normalising() -> None:
    checkpoint, network = random_checkpoint()
    network.load_state_dict(fold_checkpoint(checkpoint))
    for name in ("stem", "blocks.3.expand", "blocks.5.depthwise", "blocks.15.project", "head"):
        convolution, norm = published_name(name)
        module = network.get_submodule(name)
        assert isinstance(module, SameConvolution)
        features = torch.randn(1, module.in_channels, 14, 14, generator=torch.Generator().manual_seed(2))
        bare = functional.conv2d(
            features, checkpoint[f"{convolution}.weight"], None, module.stride, "valid", 1, module.groups
        )
        expected = functional.batch_norm(
            bare,
            checkpoint[f"{norm}.running_mean"],
            checkpoint[f"{norm}.running_var"],
            checkpoint[f"{norm}.weight"],
            checkpoint[f"{norm}.bias"],
            eps=1e-3,
        )
        computed = functional.conv2d(features, module.weight, module.bias, module.stride, "valid", 1, module.groups)
        torch.testing.assert_close(computed, expected, rtol=1e-3, atol=1e-3)


def test_the_checkpoint_must_be_complete_and_nothing_else() -> None:
    checkpoint, _ = random_checkpoint()
    missing = {name: tensor for name, tensor in checkpoint.items() if name != "_blocks.4._bn1.bias"}
    with pytest.raises(ValueError, match=r"no tensor '_blocks\.4\._bn1\.bias'"):
        fold_checkpoint(missing)
    with pytest.raises(ValueError, match="unknown tensors: _extra"):
        fold_checkpoint({**checkpoint, "_extra": torch.zeros(1)})
