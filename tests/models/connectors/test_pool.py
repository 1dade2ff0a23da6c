"""The pooling connector (InfMLLM): with as many tokens as the grid it is the MLP, with fewer the MLP of averages."""

import pytest
import torch

from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector

INPUTS = {"grid": (16, 6)}


def built(settings: dict[str, object]) -> Connector:
    torch.manual_seed(3)
    connector: Connector = CONNECTORS.read({"intermediate_size": 10, **settings}).build(INPUTS, 8)
    connector.match_embeddings(torch.randn(50, 8))
    connector.learn_statistics(torch.rand(20, 16, 6, generator=torch.Generator().manual_seed(4)))
    return connector


def test_as_many_tokens_as_the_grid_has_are_the_mlp_to_the_bit() -> None:
    grid = torch.randn(3, 16, 6)
    pool, mlp = built({"type": "pool", "side": 4}), built({"type": "mlp"})
    assert torch.equal(pool(grid), mlp(grid))
    assert pool.state_dict().keys() == mlp.state_dict().keys()


def test_a_token_is_the_mlp_of_the_average_of_its_quarter() -> None:
    pool, mlp = built({"type": "pool", "side": 2}), built({"type": "mlp"})
    grid = torch.rand(1, 16, 6)
    upper_left = grid[:, [0, 1, 4, 5]].mean(1, keepdim=True)  # rows 0 and 1, columns 0 and 1 of the 4 x 4 grid
    lower_right = grid[:, [10, 11, 14, 15]].mean(1, keepdim=True)
    contents = pool.contents(grid)
    assert contents.shape == (1, 4, 8)
    assert torch.allclose(contents[:, :1], mlp.contents(upper_left), atol=1e-5)
    assert torch.allclose(contents[:, 3:], mlp.contents(lower_right), atol=1e-5)


def test_rows_and_columns_are_not_swapped() -> None:
    """What lies right of the middle moves the tokens of the right column alone, and there the upper one."""
    pool, grid = built({"type": "pool", "side": 2}), torch.rand(1, 16, 6)
    changed = grid.clone()
    changed[:, [2, 3, 6, 7]] += 1  # the upper right quarter
    moved = (pool(grid) != pool(changed)).any(-1)[0]
    assert moved.tolist() == [False, True, False, False]


@pytest.mark.parametrize("side", [1, 2, 4])
def test_a_constant_map_is_the_constant_however_it_is_pooled(side: int) -> None:
    """InfMLLM's recipe averages 7 x 7 patches, also to sides that do not divide them."""
    torch.manual_seed(0)
    pool = CONNECTORS.read({"type": "pool", "side": side, "view": "grid7"}).build({"grid7": (49, 6)}, 8)
    constant = torch.randn(1, 1, 6)
    shown = pool.contents(constant.expand(1, 49, 6))
    assert torch.allclose(shown, pool.project(constant).expand(1, side**2, 8), atol=1e-6)


@pytest.mark.parametrize("tokens", [15, 4])
def test_a_grid_that_it_cannot_average_is_refused(tokens: int) -> None:
    with pytest.raises(ValueError, match=f"cannot average a grid of {tokens} tokens to 3 x 3"):
        CONNECTORS.read({"type": "pool", "side": 3}).image_tokens({"grid": (tokens, 6)})
