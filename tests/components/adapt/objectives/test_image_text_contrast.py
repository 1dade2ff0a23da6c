"""Image-text contrast: its value and gradient, equal captions, and that it finds structure that was planted."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.contrast import caption_vectors, contrastive_loss
from inkling.components.adapt.data import Lesson, phase_batches
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.train import new_model

CAPTIONS = torch.tensor([[40, 41, -1], [50, 51, 52], [60, -1, -1]])


def objective(**settings: float):
    return OBJECTIVES.read({"type": "image_text_contrast", **settings}).build()


def test_similarity_is_the_mean_cosine_of_the_pooled_image_and_the_captions_tokens(model, batch_of, embeddings, noise):
    grid, table = noise(3, 2, 16), embeddings.double().numpy()
    unit = table / np.linalg.norm(table, axis=-1, keepdims=True).clip(1e-9)
    similarity = np.zeros((3, 3))
    for image in range(3):
        pooled = grid[image].double().numpy().mean(0)
        for caption in range(3):
            cosines = [unit[token] @ pooled / np.linalg.norm(pooled) for token in CAPTIONS[caption] if token >= 0]
            similarity[image, caption] = np.mean(cosines)
    logits = torch.from_numpy(similarity / 0.2)
    expected = (-logits.log_softmax(1).diag() - logits.log_softmax(0).diag()).mean() / 2
    loss = objective(temperature=0.2).loss(model, batch_of(grid, caption=CAPTIONS))
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_the_gradient_is_that_of_finite_differences(noise) -> None:
    images = noise(5, 4).double().requires_grad_(True)
    texts = noise(5, 4).flip(0).double().requires_grad_(True)
    same = torch.eye(5, dtype=torch.bool)
    same[1, 3] = same[3, 1] = True
    assert torch.autograd.gradcheck(lambda one, other: contrastive_loss(one, other, same, 0.3), (images, texts))


def test_equal_captions_are_no_negatives_of_each_other(model, batch_of, embeddings, noise) -> None:
    twice = CAPTIONS[[0, 1, 0]]
    tokens = caption_vectors(embeddings, twice)[:, None].expand(-1, 2, -1)
    loss = objective().loss(model, batch_of(tokens.contiguous(), caption=twice))
    as_negatives = contrastive_loss(tokens.mean(1), tokens.mean(1), torch.eye(3, dtype=torch.bool), 0.07)
    assert float(loss) < 0.1 < 2 / 3 * np.log(2) <= float(as_negatives)
    alone = objective().loss(model, batch_of(noise(2, 2, 16), caption=twice[[0, 2]]))
    assert float(alone) == 0, "two images of one caption have nothing to be told from"


def test_images_without_a_caption_are_left_out(model, batch_of, noise) -> None:
    grid = noise(4, 2, 16)
    captions = torch.cat([CAPTIONS, torch.full((1, 3), -1)])
    with_one = objective().loss(model, batch_of(grid, caption=captions))
    assert float(with_one) == pytest.approx(float(objective().loss(model, batch_of(grid[:3], caption=CAPTIONS))))
    assert float(objective().loss(model, batch_of(grid[3:], caption=captions[3:]))) == 0


def test_captions_are_encoded_as_they_follow_a_prompt(lesson: Lesson) -> None:
    silent = dataclasses.replace(lesson, turns={image: lesson.turns[image] for image in lesson.images[1:]})
    rows = objective().fields(silent).images["caption"]
    decoded = [lesson.tokenizer.decode([int(one) for one in row if one >= 0]) for row in rows[:3]]
    assert decoded == ["", " a green square", " a blue square"]
    with pytest.raises(ValueError, match="needs captions, but no image has one"):
        objective().fields(dataclasses.replace(lesson, turns={}))


def test_planted_structure_is_found(lesson: Lesson, language) -> None:
    recipe = AdaptConfig.parse({"adapt": {"connector": {"type": "mlp", "intermediate_size": 16}}}).resolved()
    model = new_model(recipe, language(), lesson.features, seed=0)
    learned = objective()
    fields = learned.fields(lesson)
    batches = phase_batches(recipe.phases[0], lesson, fields, model.image_positions, [0])
    optimiser = torch.optim.Adam(model.connector.parameters(), lr=5e-3)
    losses = []
    for step in range(60):
        loss = learned.loss(model, batches.batch(step))
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    table = model.language.get_input_embeddings().weight.detach()
    captions = caption_vectors(table, fields.images["caption"][:3])  # red, green, blue
    grid = torch.from_numpy(lesson.features["grid"])
    similarity = functional.normalize(model.connector.contents(grid).mean(1), dim=-1) @ captions.T
    assert losses[-1] < 0.5 * losses[0]
    assert similarity.argmax(1).tolist() == [index % 3 for index in range(24)]
