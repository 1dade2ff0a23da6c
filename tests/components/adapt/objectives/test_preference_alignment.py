"""Preference alignment: what each method learns of the same draws, DPO's value, and the draws themselves."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives import preference_alignment as alignment
from inkling.components.adapt.preference import log_sigmoid_loss
from inkling.components.adapt.sampling import sampled_answers
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.sequence.prompt import answer_ids, prompt_ids

COLOURS = ("red", "green", "blue")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image is answered `red` twice, then with nothing, then `green`."""
    monkeypatch.setattr(alignment, "sampled_answers", lambda *_: [["red", "red", "", "green"]] * 24)


def scores(ready, question: str = "Which colour?") -> np.ndarray:
    """Log-likelihood of each colour for each image (images, colours)."""
    prompt = prompt_ids(ready.lesson.tokenizer, question)
    choices = [answer_ids(ready.lesson.tokenizer, colour) for colour in COLOURS]
    return np.array(TorchEngine(ready.model).score([prompt] * 24, [choices] * 24, {"grid": ready.grid}))


def test_dpo_compares_the_right_answer_with_the_first_wrong_one(ready, lesson: Lesson, drawn) -> None:
    trained = ready("preference_alignment", method="dpo")
    assert float(trained.loss().detach()) == pytest.approx(np.log(2), rel=1e-6), "nothing has changed yet"
    assert trained.fields.counts["drawn"].sum() == 24
    before = scores(trained)
    trained.learn(60, 3e-3)
    after = scores(trained)
    right = np.arange(24) % 3
    wrong = np.where(right == 0, 1, 0)  # green where red is right, else red
    change = (after - before)[np.arange(24), right] - (after - before)[np.arange(24), wrong]
    expected = np.log1p(np.exp(-0.1 * change)).mean()
    assert np.mean([float(trained.loss(step).detach()) for step in range(3)]) == pytest.approx(expected, rel=1e-3)
    assert change.min() > 0, "every right answer gained on the wrong one"


def test_dpo_has_nothing_to_learn_where_every_draw_is_right(ready, monkeypatch) -> None:
    monkeypatch.setattr(alignment, "sampled_answers", lambda *_: [[COLOURS[row % 3]] * 4 for row in range(24)])
    trained = ready("preference_alignment", method="dpo")
    assert trained.fields.images["drawn"].tolist() == [-1] * 24
    assert float(trained.loss().detach()) == 0


def test_rejection_sampling_learns_the_best_draw_and_nothing_where_none_is_right(ready, lesson: Lesson, drawn) -> None:
    trained = ready("preference_alignment", method="rejection")
    assert (trained.fields.images["drawn"] >= 0).tolist() == [row % 3 < 2 for row in range(24)]
    found, tokens = scores(trained), [len(answer_ids(lesson.tokenizer, colour)) for colour in COLOURS]
    rows = [row for row in range(24) if row % 3 < 2]
    expected = np.mean([-found[row, row % 3] / tokens[row % 3] for row in rows])
    losses = [float(trained.loss(step).detach()) for step in range(3)]
    counts = [int((trained.batches.batch(step)["drawn"] >= 0).sum()) for step in range(3)]
    assert np.average(losses, weights=counts) == pytest.approx(expected, rel=1e-4)


def test_steering_makes_the_answer_follow_the_score_that_is_asked_for(ready, lesson: Lesson, drawn) -> None:
    trained = ready("preference_alignment", method="steer")
    trained.learn(200, 1e-2)
    best, worst = (scores(trained, alignment.steered("Which colour?", score)) for score in (4, 0))
    blue = np.arange(24) % 3 == 2
    assert (best[blue].argmax(1) == 2).mean() > 0.9
    assert (worst[blue].argmax(1) != 2).mean() > 0.9, "of a blue picture `red` and `green` were drawn"


def test_what_is_preferred_costs_less_the_more_it_gains_and_its_gradient_is_right() -> None:
    change = torch.linspace(-9, 9, 7, dtype=torch.float64).requires_grad_(True)
    costs = log_sigmoid_loss(change, 0.3)
    assert torch.allclose(costs, torch.log1p(torch.exp(-0.3 * change)))
    assert torch.autograd.gradcheck(lambda one: log_sigmoid_loss(one, 0.3), change)


def test_draws_are_the_models_own_and_do_not_depend_on_what_is_asked_beside(ready, lesson: Lesson) -> None:
    asked = [(row, lesson.turns[image][1]) for row, image in enumerate(lesson.images)]
    model = ready("preference_alignment", draws=1).model
    draws = sampled_answers(model, lesson, asked, 3, 1.0)
    assert [len(answers) for answers in draws] == [3] * 24
    assert sampled_answers(model, lesson, asked[5:7], 3, 1.0) == draws[5:7]
    prompt, limit = prompt_ids(lesson.tokenizer, "Which colour?"), 2 * len(lesson.tokenizer.encode("red").ids) + 2
    first = {"grid": torch.from_numpy(lesson.features["grid"][:1])}
    greedy = TorchEngine(model).generate([prompt], [limit], first, {1})
    cold = sampled_answers(model, lesson, asked[:1], 2, 1e-4)[0]
    assert cold[0] == cold[1] == " ".join(lesson.tokenizer.decode(greedy[0]).split())


def test_without_instructions_it_is_refused(lesson: Lesson) -> None:
    captions = {image: turns[:1] for image, turns in lesson.turns.items()}
    with pytest.raises(ValueError, match="preference_alignment needs instructions, but no image has one"):
        OBJECTIVES.read("preference_alignment").build().fields(dataclasses.replace(lesson, turns=captions))
