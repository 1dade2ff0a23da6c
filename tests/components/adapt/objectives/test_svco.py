"""S-VCO: what it costs at its start, its three conditions, pictures without a twin, and that it teaches the detail."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.svco import twin_questions
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.sequence.prompt import answer_ids, prompt_ids


def ratios(ready) -> np.ndarray:
    """How much likelier an answer is seen than blind, and blind than with the twin (images, 2), one by one."""
    engine, lesson = TorchEngine(ready.model), ready.lesson
    prompt, colours = prompt_ids(lesson.tokenizer, "Which colour?"), ("red", "green", "blue")
    found = []
    for row in range(len(lesson.images)):
        answer = [[answer_ids(lesson.tokenizer, colours[row % 3])]]
        grids = (ready.grid[[place]] for place in (row, row ^ 1))
        seen, other = (engine.score([prompt], answer, {"grid": grid})[0][0] for grid in grids)
        blind = engine.score([prompt], answer)[0][0]
        found.append([seen - blind, blind - other])
    return np.array(found)


def test_at_the_start_a_pair_costs_four_times_log_two(ready) -> None:
    assert float(ready("svco").loss().detach()) == pytest.approx(4 * np.log(2), rel=1e-6)


def test_it_costs_what_the_three_conditions_have_changed(ready) -> None:
    svco = ready("svco", beta=0.2)
    before = ratios(svco)
    with torch.no_grad():
        for parameter in svco.model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    change = ratios(svco) - before
    expected = 2 * np.log1p(np.exp(-0.2 * change)).sum(1).mean()
    batches = [float(svco.loss(step).detach()) for step in range(3)]
    assert np.mean(batches) == pytest.approx(expected, rel=1e-4), "an epoch has every picture once"


def test_only_pictures_with_a_twin_count(ready, lesson: Lesson) -> None:
    shown = lesson.shown()
    alone = {name: dataclasses.replace(one, twin="") for name, one in shown.items()}
    some = {**alone, **{name: shown[name] for name in ("image0", "image1")}}
    few = ready("svco", dataclasses.replace(lesson, shown=lambda: some))
    assert few.fields.images["twins"].tolist() == [0, 1, *[-1] * 22]
    assert few.fields.counts["twins"].sum() == 2
    with pytest.raises(ValueError, match=r"svco needs twins, pictures that differ in one thing .*raise scenes\.twins"):
        few.objective.fields(dataclasses.replace(lesson, shown=lambda: alone))
    with pytest.raises(ValueError, match="svco needs to know what lies where in each image, but none is annotated"):
        few.objective.fields(dataclasses.replace(lesson, shown=dict))


def test_a_question_that_twins_answer_alike_is_not_asked(lesson: Lesson) -> None:
    same = {image: [dataclasses.replace(turn, answer="red") for turn in turns] for image, turns in lesson.turns.items()}
    with pytest.raises(ValueError, match="svco needs twins"):
        twin_questions(dataclasses.replace(lesson, turns=same), "svco")
    found = twin_questions(lesson, "svco")
    assert [(one.row, one.other) for one in found[:4]] == [(0, 1), (1, 0), (2, 3), (3, 2)]


def test_it_teaches_the_detail_in_which_twins_differ(ready) -> None:
    svco = ready("svco", beta=0.2)
    before = ratios(svco)
    losses = svco.learn(30, 5e-3)
    assert losses[-1] < 2
    grown = ratios(svco).sum(1) - before.sum(1)
    assert (grown > 2).all(), "each answer became likelier with its picture than with the twin"
