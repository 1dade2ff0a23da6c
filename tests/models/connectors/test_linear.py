"""The linear connector is one matrix: what it makes of a sum is the sum of what it makes."""

import torch

from inkling.models.connectors import CONNECTORS


def test_it_is_linear_where_nothing_is_clamped() -> None:
    connector = CONNECTORS.read("linear").build({"grid": (4, 6)}, 8)
    first, second = torch.rand(2, 3, 4, 6)
    nothing = connector.contents(torch.zeros(3, 4, 6))
    summed = connector.contents(first + second)
    assert torch.allclose(summed + nothing, connector.contents(first) + connector.contents(second), atol=1e-6)


def test_each_image_token_comes_of_one_grid_token() -> None:
    connector = CONNECTORS.read("linear").build({"grid": (4, 6)}, 8)
    grid = torch.rand(1, 4, 6)
    changed = grid.clone()
    changed[0, 2] += 1
    moved = (connector(grid) != connector(changed)).any(-1)[0]
    assert moved.tolist() == [False, False, True, False]
