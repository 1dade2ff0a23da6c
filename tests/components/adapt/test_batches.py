"""Batches are a pure function of seed and step, every image comes once an epoch, and blind batches show nothing."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.batches import ImageBatches
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment

COUNT, TOKENS = 21, 3


def batches(size: int = 4, blind: float = 0.0, seed: tuple[int, ...] = (0,)) -> ImageBatches:
    """Images whose only feature and only answer are their number; every second row of the features is another's."""
    grid = torch.arange(2 * COUNT).float()[:, None, None].expand(-1, TOKENS, 2)
    sequences = [
        PackedSequence([TokenSegment([0] * (1 + number % 7)), TokenSegment([number], parent=0, scored=True)])
        for number in range(COUNT)
    ]
    return ImageBatches(
        grid,
        TOKENS,
        range(0, 2 * COUNT, 2),
        sequences,
        np.eye(COUNT, dtype=bool),
        np.arange(COUNT)[:, None],
        size,
        blind,
        seed,
    )


def numbers(batch: dict[str, torch.Tensor]) -> list[int]:
    """The images of a batch."""
    return batch["targets"].tolist()


def test_steps_may_be_asked_for_in_any_order() -> None:
    forward, backward = batches(blind=0.3), batches(blind=0.3)
    steps = range(3 * forward.per_epoch)
    expected = [forward.batch(step) for step in steps]
    for step in reversed(steps):
        batch = backward.batch(step)
        assert batch.keys() == expected[step].keys()
        assert all(torch.equal(batch[name], expected[step][name]) for name in batch)


def test_no_image_comes_twice_in_an_epoch_and_epochs_differ() -> None:
    source = batches()
    assert source.per_epoch == 5
    epochs = [[numbers(source.batch(epoch * 5 + place)) for place in range(5)] for epoch in range(2)]
    flat = [sum(epoch, []) for epoch in epochs]
    assert all(len(set(images)) == 20 for images in flat)
    assert flat[0] != flat[1]


def test_seeds_differ() -> None:
    assert numbers(batches(seed=(0, 1)).batch(0)) != numbers(batches(seed=(0, 2)).batch(0))


def test_features_turns_and_words_are_of_the_same_image() -> None:
    batch = batches().batch(3)
    assert (batch["grid"][:, 0, 0] / 2).tolist() == numbers(batch)
    assert batch["present"].int().argmax(1).tolist() == numbers(batch)
    assert PackedBatch(**{field.name: batch[field.name] for field in dataclasses.fields(PackedBatch)})


def test_blind_batches_are_as_many_as_asked_and_have_no_room_for_an_image() -> None:
    source = batches(blind=0.25)
    drawn = [source.batch(step) for step in range(400)]
    blind = [batch for batch in drawn if "grid" not in batch]
    assert len(blind) == pytest.approx(100, abs=40)
    assert all(batch["positions"].shape == batch["ids"].shape for batch in blind)
    assert all(batch["positions"].shape[1] == batch["ids"].shape[1] + TOKENS for batch in drawn if "grid" in batch)


def test_fewer_images_than_a_batch_make_one_batch() -> None:
    assert batches(size=100).per_epoch == 1
    assert sorted(numbers(batches(size=100).batch(0))) == list(range(COUNT))
