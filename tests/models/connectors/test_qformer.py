"""The Q-Former: what it finds depends on features and places, not on the order of tokens, and its queries differ."""

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from inkling.models.attention import AttentionWeights
from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector
from inkling.models.settings import ConfigError

INPUTS = {"grid": (9, 6)}


def built(**settings: int) -> Connector:
    torch.manual_seed(0)
    stated = {"type": "qformer", "queries": 6, "width": 16, **settings}
    connector: Connector = CONNECTORS.read(stated).build(INPUTS, 16)
    return connector


def test_tokens_in_another_order_with_their_places_change_nothing() -> None:
    connector, image, order = built(), torch.randn(2, 9, 6), torch.randperm(9)
    before = connector(image)
    moved = connector(image[:, order])
    with torch.no_grad():
        connector.places.copy_(connector.places[order])
    assert torch.allclose(connector(image[:, order]), before, atol=1e-6)
    assert not torch.allclose(moved, before, atol=1e-3), "places count for nothing"


def test_each_query_shares_out_its_whole_attention() -> None:
    connector, seen = built(layers=3), list[Tensor]()
    for module in connector.modules():
        if isinstance(module, AttentionWeights):
            module.register_forward_hook(lambda _, __, weights: seen.append(weights.detach()))
    connector(torch.randn(2, 9, 6))
    assert [weights.shape[2:] for weights in seen] == [(6, 6), (6, 9), (6, 6), (6, 6), (6, 9)]
    assert all(torch.allclose(weights.sum(3), torch.ones(2, 4, 6), atol=1e-6) for weights in seen)


@pytest.mark.parametrize(("layers", "every", "looks"), [(2, 2, [True, False]), (3, 1, [True] * 3)])
def test_it_looks_at_the_image_in_every_second_block_or_as_often_as_stated(
    layers: int, every: int, looks: list[bool]
) -> None:
    assert [block.look is not None for block in built(layers=layers, every=every).blocks] == looks


def test_its_gradient_is_that_of_finite_differences() -> None:
    connector = built(queries=2, width=8).double()
    image = torch.randn(1, 9, 6, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(connector, (image,), fast_mode=True)


def test_trained_queries_tell_different_things() -> None:
    """Each of six image tokens shall show another cell: queries that collapsed could show one."""
    connector = built(layers=1)
    optimiser = torch.optim.AdamW(connector.parameters(), 1e-2)
    random = torch.Generator().manual_seed(1)
    target = torch.randn(6, 16, generator=random)
    for _ in range(60):
        image = torch.randn(32, 9, 6, generator=random)
        wanted = image[:, :6] @ target  # (images, queries, hidden_size): what stands in cell 0, 1, ...
        loss = 1 - torch.cosine_similarity(connector.contents(image), wanted, dim=2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        shown = connector.contents(torch.randn(64, 9, 6, generator=random))
    singular = torch.linalg.svdvals(shown).mean(0)
    shares = singular / singular.sum()
    assert float(loss.detach()) < 0.3
    assert float((-(shares * shares.log()).sum()).exp()) > 3, "effective rank of the queries (Roy and Vetterli, 2007)"


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises((ConfigError, ValidationError), match="3 heads do not divide the width 16"):
        CONNECTORS.read({"type": "qformer", "width": 16, "heads": 3})
