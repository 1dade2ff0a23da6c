"""FDT: sparsemax against a projection, padding that cannot win, and codes that come to stand for what was planted."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from inkling.components.adapt.contrast import caption_states
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.fdt import CodeTable, sparsemax

SETTINGS = {"name": "fdt", "codes": 64, "width": 16}


def test_sparsemax_is_the_projection_to_the_simplex(noise) -> None:
    scores = noise(6, 5).double() * torch.linspace(0.1, 3, 6)[:, None]
    for row in scores.numpy():
        found = minimize(
            lambda point, row=row: ((point - row) ** 2).sum(), np.full(5, 0.2), bounds=[(0, None)] * 5,
            constraints={"type": "eq", "fun": lambda point: point.sum() - 1}, options={"ftol": 1e-14, "maxiter": 500},
        ).x  # fmt: skip
        assert sparsemax(torch.from_numpy(row)).numpy() == pytest.approx(found, abs=1e-6)
    assert (sparsemax(scores) == 0).any()
    assert torch.allclose(sparsemax(scores).sum(-1), torch.ones(6, dtype=torch.float64))


def test_its_gradient_is_that_of_finite_differences(noise) -> None:
    assert torch.autograd.gradcheck(sparsemax, noise(4, 6).double().requires_grad_(True))


def test_padding_never_wins_where_every_product_is_negative() -> None:
    table = CodeTable(OBJECTIVES.read({"type": "fdt", "codes": 2, "width": 2}), 4)
    with torch.no_grad():
        table.codes.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]) * 2**0.5)
    tokens = torch.tensor([[[-1.0, -1.4], [0.0, 0.0]]])  # the second is padding
    expected = sparsemax(torch.tensor([[-1.0, -1.4]]))
    assert torch.allclose(table.weights(tokens, torch.tensor([[True, False]])), expected)
    assert torch.allclose(table.weights(tokens), torch.tensor([[0.5, 0.5]])), "the zeros of padding would have won"


def test_a_row_does_not_depend_on_its_batch_nor_on_padding(ready) -> None:
    fdt = ready(**SETTINGS)
    table, caption = fdt.head, torch.tensor([[40, 41, -1, -1], [50, 51, 52, 53]])
    both = table.weights(table.text(caption_states(fdt.model, caption)), caption >= 0)
    alone = table.weights(table.text(caption_states(fdt.model, caption[:1, :2])))
    assert torch.allclose(both[:1], alone, atol=1e-6)


def test_codes_come_to_stand_for_colours_alike_in_pictures_and_words(ready) -> None:
    fdt = ready(**SETTINGS, batch=12)
    fdt.learn(60, 5e-3)
    table, caption = fdt.head, fdt.fields.images["caption"]
    pictures = table.weights(table.image(fdt.model.connector.contents(fdt.grid)))
    words = table.weights(table.text(caption_states(fdt.model, caption)), caption >= 0)
    colours, top = np.arange(24) % 3, pictures.argmax(1).numpy()
    found = information(top, colours)
    null = [information(np.random.default_rng(draw).permutation(top), colours) for draw in range(200)]
    assert found > np.quantile(null, 0.99)
    agreement = pictures @ words.T  # the same weights of the same codes, or others
    same = torch.from_numpy(colours[:, None] == colours[None])
    assert agreement[same].mean() > 2 * agreement[~same].mean()


def information(codes: np.ndarray, concepts: np.ndarray) -> float:
    """Mutual information in nats between two labels of the same things."""
    joint = np.zeros((codes.max() + 1, concepts.max() + 1))
    np.add.at(joint, (codes, concepts), 1 / len(codes))
    expected = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / expected[there])).sum())
