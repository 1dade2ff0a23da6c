"""The random encoder is the same on every machine, and keeps where something is."""

import torch

from inkling.models.vision import ENCODERS
from inkling.models.vision.contract import Encoder

SPEC = ENCODERS.read("tiny-random")


def test_it_is_the_same_everywhere() -> None:
    torch.manual_seed(1)
    first = SPEC.build(["grid"]).state_dict()
    torch.manual_seed(2)
    second = SPEC.build(["grid"]).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_it_sees_where_something_is() -> None:
    encoder: Encoder = SPEC.build(["grid"])
    pixels = torch.full((1, 3, 224, 224), -1.0)
    pixels[..., :56, 168:] = 1.0
    change = (encoder(pixels)[0] - encoder(torch.full_like(pixels, -1.0))[0]).abs().sum(-1)[0]
    assert change.argmax() == 3
