"""ASVR: the next position is predicted and not its own, and codes beat those that ignore the image."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.batches import features, packed
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.states import image_states, layer_states
from inkling.components.shared.config import ConfigError


def test_it_predicts_the_code_of_the_next_position(ready) -> None:
    asvr = ready("asvr", codes=7)
    batch = asvr.batches.batch(0)
    states = image_states(layer_states(asvr.model, features(batch), packed(batch), 1), asvr.model)
    logits = asvr.head(states).log_softmax(-1)  # (batch, image_tokens, codes)
    expected = -logits[:, :-1].gather(2, batch["codes"][:, 1:, None]).mean().detach()
    assert float(asvr.loss().detach()) == pytest.approx(float(expected), rel=1e-5)


def test_a_position_learns_nothing_of_its_own_or_earlier_codes(ready) -> None:
    asvr = ready("asvr", codes=7)
    batch, other = asvr.batches.batch(0), {**asvr.batches.batch(0)}
    other["codes"] = torch.cat([(batch["codes"][:, :1] + 1) % 7, batch["codes"][:, 1:]], dim=1)
    assert torch.equal(asvr.objective.loss(asvr.model, batch), asvr.objective.loss(asvr.model, other))


def test_images_of_equal_cells_are_predicted_perfectly_and_others_better_than_by_how_common_codes_are(
    ready, lesson: Lesson
) -> None:
    colours = np.eye(8, dtype=np.float32)[np.arange(24) % 3]
    equal = dataclasses.replace(lesson, features={"grid": np.repeat(colours[:, None], 4, axis=1)})
    planted = ready("asvr", equal, codes=3)
    assert planted.learn(40, 1e-2)[-1] < 0.02
    asvr = ready("asvr", codes=4)
    asvr.learn(40, 1e-2)
    codes = asvr.fields.images["codes"][:, 1:]
    shares = torch.bincount(codes.flatten()) / codes.numel()
    unigram = -(shares * shares.clamp_min(1e-9).log()).sum()
    assert np.mean([float(asvr.loss(step).detach()) for step in range(3)]) < float(unigram)


def test_a_code_a_token_is_wanted(ready, monkeypatch) -> None:
    asvr = ready("asvr")
    monkeypatch.setattr(asvr.model.connector, "image_tokens", 1)
    with pytest.raises(ConfigError, match="asvr predicts a code for each image token, but connector 'mlp' makes 1 of"):
        asvr.objective.head(asvr.model, asvr.lesson)
