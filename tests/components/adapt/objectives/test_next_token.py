"""Next-token prediction weighs every answer the same, sees the image, and reads blind batches too."""

import numpy as np
import pytest
import torch

from inkling.components.adapt.objectives import OBJECTIVES
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

FIRST, SECOND = [11, 1], [12, 13, 14, 1]


def cross_entropy(model, grid, prompt, answer) -> float:
    """Mean cross-entropy of an answer that is alone in its batch."""
    turns = collate(
        [PackedSequence([TokenSegment(prompt), TokenSegment(answer, parent=0, scored=True)])], 0 if grid is None else 2
    )
    return -float(model.log_likelihoods(None if grid is None else {"grid": grid}, turns).detach().mean())


@pytest.mark.parametrize("blind", [False, True])
def test_every_answer_weighs_the_same_whatever_stands_beside_it(model, noise, blind: bool) -> None:
    segments = [TokenSegment([0]), TokenSegment([9], 0), TokenSegment(FIRST, 1, True)]
    segments += [TokenSegment([8], 0), TokenSegment(SECOND, 3, True)]
    short = [TokenSegment([0, 7]), TokenSegment(FIRST, 0, True)]
    grid = None if blind else noise(2, 2, 16)
    batch = vars(collate([PackedSequence(segments), PackedSequence(short)], 0 if blind else 2))
    if grid is not None:
        batch["features.grid"] = grid
    rows = [None, None] if grid is None else [grid[:1], grid[1:]]
    alone = [
        cross_entropy(model, rows[0], [0, 9], FIRST),
        cross_entropy(model, rows[0], [0, 8], SECOND),
        cross_entropy(model, rows[1], [0, 7], FIRST),
    ]
    loss = OBJECTIVES.read("next_token").build().loss(model, batch).detach()
    assert float(loss) == pytest.approx(np.mean(alone), rel=1e-4)


def test_the_image_changes_what_is_predicted(model, batch_of, noise) -> None:
    objective = OBJECTIVES.read("next_token").build()
    seen = [
        float(objective.loss(model, batch_of(grid)).detach()) for grid in (noise(1, 2, 16), torch.zeros(1, 2, 16), None)
    ]
    assert len(set(seen)) == 3
