"""A vision encoder that is trained here learns each of its objectives, and goes on to the same bits after a kill."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inkling.models.learnt import Learnt
from inkling.models.training.job import SilentMeter, silent
from inkling.models.vision import ENCODERS
from inkling.models.vision.contract import Encoder
from inkling.models.vision.objectives import VISION_OBJECTIVES

COLOURS = {"red": (230, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 230), "yellow": (230, 220, 30)}
SMALL = {"type": "small-vit", "image_size": 32, "hidden_size": 32, "num_layers": 2, "heads": 2}


def squares(count: int) -> tuple[list[bytes], list[str]]:
    """Pictures of a coloured square on the left or on the right, and what they show."""
    random, pictures, captions = np.random.default_rng(0), [], []
    for _ in range(count):
        colour, right = random.choice(list(COLOURS)), bool(random.integers(2))
        pixels = random.integers(200, 255, (32, 32, 3)).astype(np.uint8)
        left, top = 2 + 16 * right + random.integers(3), random.integers(2, 18)
        pixels[top : top + 12, left : left + 10] = COLOURS[colour]
        stored = io.BytesIO()
        Image.fromarray(pixels).save(stored, "PNG")
        pictures.append(stored.getvalue())
        captions.append(f"a {colour} square on the {'right' if right else 'left'}")
    return pictures, captions


PICTURES, CAPTIONS = squares(120)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread is faster for networks so small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(
    work: Path, objective: dict[str, Any], meter: Any = silent, captions: list[str] = CAPTIONS
) -> tuple[Encoder, Learnt]:
    """A small encoder, trained."""
    spec = ENCODERS.read({**SMALL, "objective": objective})
    network: Encoder = spec.build(["grid"])
    return network, spec.learn(network, PICTURES, captions, work, meter)


@pytest.mark.parametrize("name", VISION_OBJECTIVES.names())
def test_each_objective_lowers_its_loss_on_pictures_held_out(name: str, tmp_path: Path) -> None:
    network, learnt = trained(tmp_path, {"type": name, "steps": 120, "batch": 16, "learning_rate": 3e-3})
    assert learnt.heldout_after < 0.97 * learnt.heldout_before
    assert len(learnt.losses) == 120
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


class Killed(Exception):
    """What ends a run in its middle."""


class Killer(SilentMeter):
    """A meter that ends the run after some steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def advance(self, units: float = 1, **figures: float) -> None:
        self.steps -= 1
        if not self.steps:
            raise Killed


@pytest.mark.parametrize("name", VISION_OBJECTIVES.names())
def test_a_killed_training_goes_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    objective = {"type": name, "steps": 16, "batch": 8}
    whole, learnt = trained(tmp_path / "whole", objective)
    with pytest.raises(Killed):
        trained(tmp_path / "killed", objective, lambda done: Killer(7))
    first_steps: list[int] = []

    def watched(done: int) -> SilentMeter:
        first_steps.append(done)
        return SilentMeter()

    again, relearnt = trained(tmp_path / "killed", objective, watched)
    assert 0 < first_steps[0] < 16
    assert relearnt == learnt
    for tensor, other in zip(whole.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(tensor, other)


def test_captions_are_needed_by_the_objective_that_reads_them_alone(tmp_path: Path) -> None:
    silence = [""] * len(PICTURES)
    with pytest.raises(ValueError, match="learns from captions, and no training picture has one"):
        trained(tmp_path, {"type": "contrastive", "steps": 2}, captions=silence)
    trained(tmp_path, {"type": "masked_auto_encoding", "steps": 2, "batch": 4}, captions=silence)


def test_one_network_begins_the_same_for_every_objective() -> None:
    first, *others = (
        ENCODERS.read({**SMALL, "objective": {"type": name, "steps": 0}}).build(["grid"]).state_dict()
        for name in VISION_OBJECTIVES.names()
    )
    for other in others:
        assert all(torch.equal(tensor, other[name]) for name, tensor in first.items())
    assert ENCODERS.read({**SMALL, "objective": {"type": "contrastive", "steps": 0}}).learning_steps == 0
