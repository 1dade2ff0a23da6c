"""SSL4RL: what is done to a grid, the reference and the reward, its control, and that rewards teach the task."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.ssl4rl import orders

GRID = np.arange(16).reshape(4, 4)


def changed(task: str, kind: int) -> np.ndarray:
    return orders((task,), 4)[0, kind].reshape(4, 4).numpy()


def test_a_turned_grid_has_its_top_at_the_side_that_is_said() -> None:
    assert np.array_equal(changed("turned", 0), GRID)
    assert changed("turned", 1)[:, 0].tolist() == [3, 2, 1, 0], "its top row is the column at the left"
    assert changed("turned", 2)[3].tolist() == [3, 2, 1, 0]
    assert changed("turned", 3)[:, 3].tolist() == [0, 1, 2, 3]


def test_quarters_change_places_with_the_first() -> None:
    assert np.array_equal(changed("swapped", 0), GRID)
    assert changed("swapped", 1)[:2].tolist() == [[2, 3, 0, 1], [6, 7, 4, 5]]
    assert changed("swapped", 2)[:, :2].tolist() == [[8, 9], [12, 13], [0, 1], [4, 5]]
    assert changed("swapped", 3)[2:, 2:].tolist() == [[0, 1], [4, 5]]
    assert all(sorted(changed("swapped", kind).ravel()) == list(range(16)) for kind in range(4))


def test_a_quarter_fills_the_picture() -> None:
    assert changed("quarter", 1).tolist() == [[2, 2, 3, 3], [2, 2, 3, 3], [6, 6, 7, 7], [6, 6, 7, 7]]
    assert {*changed("quarter", 2).ravel()} == {8, 9, 12, 13}


def test_the_reference_is_the_model_as_the_phase_finds_it(ready) -> None:
    ssl = ready("ssl4rl", batch=24)
    batch = ssl.batches.batch(0)
    found = ssl.objective._log_probabilities(ssl.model, {"grid": batch["features.grid"]}, batch["changed"])
    assert torch.allclose(found.detach(), batch["changed_before"], atol=1e-5)
    assert torch.allclose(found.exp().sum(1), torch.ones(24), atol=1e-5)


def test_the_control_is_the_cross_entropy_of_the_right_answer(ready) -> None:
    control = ready("ssl4rl", batch=24, learn="answers")
    batch = control.batches.batch(0)
    right = batch["changed_before"].gather(1, batch["changed"][:, 1:])
    assert float(control.loss().detach()) == pytest.approx(-float(right.mean()), rel=1e-5)


def test_rewards_teach_which_quarter_is_seen(ready, lesson: Lesson) -> None:
    """What marks a place is planted in its features, so that a quarter can be known by them."""
    grid = np.random.default_rng(0).normal(0, 0.1, (24, 4, 8)).astype(np.float32)
    grid[:, np.arange(4), np.arange(4)] += 2
    marked = dataclasses.replace(lesson, features={"grid": grid})
    torch.manual_seed(0)
    ssl = ready("ssl4rl", marked, batch=24, tasks=["quarter"], draws=8)
    right, before = ssl.fields.images["changed"][:, 1:], ssl.fields.images["changed_before"]
    ssl.learn(80, 5e-3)
    after = ssl.objective._log_probabilities(ssl.model, {"grid": ssl.grid}, ssl.fields.images["changed"]).detach()
    assert before.gather(1, right).exp().mean() < 0.3
    assert after.gather(1, right).exp().mean() > 0.6, "chance is a quarter"


def test_features_that_are_no_grid_are_refused(lesson: Lesson) -> None:
    three = dataclasses.replace(lesson, features={"grid": np.ones((24, 3, 8), np.float32)})
    with pytest.raises(ValueError, match="3 image tokens are no square grid"):
        OBJECTIVES.read("ssl4rl").build().fields(three)
