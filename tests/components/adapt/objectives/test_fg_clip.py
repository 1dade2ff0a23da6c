"""FG-CLIP 2: each term against a slow reference, edited phrases, and regions that come to find their phrases."""

import dataclasses

import numpy as np
import pytest
import torch

from inkling.components.adapt.contrast import pushed_apart, sigmoid_loss
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.fg_clip import SharedSpace
from inkling.components.adapt.regions import edited_phrases, padded_ids, regions
from inkling.models.regions import pool


def test_the_pairwise_loss_counts_each_pair_by_itself(noise) -> None:
    logits, same = noise(3, 3).double(), torch.eye(3, dtype=torch.bool)
    same[0, 2] = same[2, 0] = True
    expected = sum(
        np.log1p(np.exp(-float(logits[row, column]) * (1 if same[row, column] else -1)))
        for row in range(3)
        for column in range(3)
    )
    assert float(sigmoid_loss(logits, same)) == pytest.approx(expected / 3)
    assert torch.autograd.gradcheck(lambda one: sigmoid_loss(one, same), logits.requires_grad_(True))


def test_phrases_are_pushed_from_the_similar_ones_and_left_alone_by_their_like() -> None:
    angles = torch.tensor([0.0, 0.01, 1.0, 2.5], dtype=torch.float64)  # the first two are nearly the same
    phrases = torch.stack([angles.cos(), angles.sin()], dim=1)
    others = [(1.0, 2.5), (0.99, 2.49), (1.0, 0.99, 1.5), (2.5, 2.49, 1.5)]
    expected = np.mean([np.log(np.sum(np.exp(np.cos(several)))) for several in others])
    assert float(pushed_apart(phrases)) == pytest.approx(expected)
    moved = angles.clone().requires_grad_(True)
    pushed_apart(torch.stack([moved.cos(), moved.sin()], dim=1)).backward()
    assert moved.grad[2] != 0
    closer = pushed_apart(torch.stack([(angles * 0.9).cos(), (angles * 0.9).sin()], dim=1))
    assert closer > pushed_apart(phrases), "the loss falls where phrases are driven apart, as it should"
    assert float(pushed_apart(phrases[:2])) == 0, "two that are nearly the same have no others"


def test_edited_phrases_differ_in_one_word(ready, lesson: Lesson) -> None:
    model = ready("fg_clip").model
    found = regions(model, lesson, "test")
    assert [one.phrase for one in found[1]] == ["green square"]
    assert edited_phrases(found, 5)[1] == [["blue square", "red square"]]
    assert edited_phrases(found, 1)[1] == [["blue square"]]


def test_a_region_shows_what_lies_under_its_mask(ready, lesson: Lesson) -> None:
    model = ready("fg_clip").model
    shares = torch.stack([several[0].shares for several in regions(model, lesson, "test")])
    assert torch.equal(shares, torch.eye(4).repeat(6, 1)), "each square is one of four cells"
    tokens = torch.randn(24, 4, 16)
    assert torch.equal(pool(tokens, shares[:, None])[:, 0], tokens[torch.arange(24), torch.arange(24) % 4])


def test_a_text_does_not_depend_on_the_others(ready, lesson: Lesson) -> None:
    model = ready("fg_clip").model
    space = SharedSpace(OBJECTIVES.read("fg_clip"), 16)
    ids = padded_ids([["red square", "a blue square of no size"]], lesson.tokenizer)[0]
    assert torch.allclose(space.read(model, ids)[:1], space.read(model, ids[:1, : int((ids[0] >= 0).sum())]), atol=1e-6)


def test_terms_add_up_by_their_weights(ready) -> None:
    def of(**weights: float) -> float:
        terms = {"region": 0.0, "apart": 0.0, "edited": 0.0, **weights}
        return float(ready("fg_clip", batch=24, width=8, **terms).loss().detach())

    none = of()
    single = [of(**{name: 1.0}) - none for name in ("region", "apart", "edited")]
    assert all(abs(one) > 1e-3 for one in single)
    weighted = 0.2 * single[0] + 0.1 * single[1] + 0.5 * single[2]
    assert of(region=0.2, apart=0.1, edited=0.5) - none == pytest.approx(weighted, rel=1e-3)


def test_regions_come_to_find_their_phrases_among_edited_ones(ready) -> None:
    clip = ready("fg_clip", width=8, batch=24)
    clip.learn(60, 1e-2)
    shown = pool(clip.model.connector.contents(clip.grid), clip.fields.images["shares"])
    ids = clip.fields.images["phrases"][:3, 0]  # red, green, blue
    found = clip.head.image(shown[:, 0]) @ clip.head.read(clip.model, ids).T
    assert found.argmax(1).tolist() == [row % 3 for row in range(24)]


def test_what_it_needs_is_refused_by_name(ready, lesson: Lesson) -> None:
    objective = OBJECTIVES.read("fg_clip").build()
    with pytest.raises(ValueError, match="fg_clip needs to know what lies where in each image"):
        objective.fields(dataclasses.replace(lesson, shown=dict))
    bare = {
        name: dataclasses.replace(one, objects=tuple(dataclasses.replace(thing, counts=()) for thing in one.objects))
        for name, one in lesson.shown().items()
    }
    model = ready("fg_clip").model
    with pytest.raises(ValueError, match="fg_clip needs masks of things, but no image's annotations have one"):
        objective.prepare(model, dataclasses.replace(lesson, shown=lambda: bare))
    five = dataclasses.replace(lesson, features={"grid": np.ones((24, 5, 8), np.float32)})
    with pytest.raises(ValueError, match="5 image tokens are no square grid"):
        ready("fg_clip", five)
