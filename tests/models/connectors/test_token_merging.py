"""Token merging: alike tokens become one, none is lost in number, and switched off it is a plain transformer."""

import pytest
import torch

from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector
from inkling.models.connectors.token_merging import merge

INPUTS = {"grid7": (49, 6)}


def built(**settings: object) -> Connector:
    torch.manual_seed(0)
    stated = {"type": "token_merging", "width": 16, **settings}
    connector: Connector = CONNECTORS.read(stated).build(INPUTS, 8)
    connector.match_embeddings(torch.randn(50, 8))
    return connector


def test_without_merges_it_is_a_plain_transformer_to_the_bit() -> None:
    connector, image = built(merges=0), torch.randn(3, 49, 6)
    tokens = connector.into(connector.standardise(image)[0]) + connector.places
    for block in connector.blocks:
        normed = block.norm(tokens)
        tokens = tokens + block.attention(normed, normed)
        tokens = tokens + block.feed_forward(tokens)
    assert torch.equal(connector(image), connector.out(tokens) * connector.scale + connector.positions)


def test_merging_duplicates_of_a_token_returns_that_token() -> None:
    tokens = torch.randn(2, 4, 5).repeat_interleave(2, dim=1)  # each twice: at an even and at the next odd place
    sizes = torch.ones(2, 8, 1)
    left, counts = merge(tokens, sizes, tokens, 4)
    assert torch.allclose(left, tokens[:, ::2], atol=1e-6)
    assert torch.equal(counts, torch.full((2, 4, 1), 2.0))


def test_the_most_alike_pairs_are_averaged_by_size_and_the_rest_is_kept() -> None:
    keys = torch.tensor([[[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [-1.0, 0.2]]])  # 0 is like 1; 2 like none
    carried, sizes = torch.tensor([[[0.0], [3.0], [7.0], [9.0]]]), torch.tensor([[[1.0], [2.0], [1.0], [1.0]]])
    left, counts = merge(carried, sizes, keys, 1)
    assert left.flatten().tolist() == [7.0, 2.0, 9.0]  # (1 * 0 + 2 * 3) / 3
    assert counts.flatten().tolist() == [1.0, 3.0, 1.0]


def test_no_token_is_lost_in_number_nor_in_place() -> None:
    connector, image = built(), torch.randn(5, 49, 6)
    _, places, sizes = connector.merged(image)
    assert sizes.shape == (5, 16, 1)
    assert torch.allclose(sizes.sum(1), torch.full((5, 1), 49.0))
    assert torch.allclose((places * sizes).sum(1), connector.positions.sum(0).expand(5, 8), atol=1e-4)


def test_each_image_is_merged_in_its_own_way() -> None:
    connector, image = built(), torch.randn(4, 49, 6)
    _, together, _ = connector.merged(image)
    for row in range(4):
        assert torch.allclose(connector.merged(image[row : row + 1])[1][0], together[row], atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-2)


def test_a_small_thing_outlives_merging_where_averages_lose_it() -> None:
    """One odd cell among 48 alike ones keeps a token of its own, unlike in the average of its neighbourhood."""
    connector = built(layers=1, merges=24)
    with torch.no_grad():
        connector.places.zero_()
    image = torch.full((1, 49, 6), 0.5)
    image[0, 24] = torch.tensor([3.0, -3.0, 3.0, -3.0, 3.0, -3.0])
    _, places, sizes = connector.merged(image)
    own = sizes[0, :, 0] == 1
    assert own.any()
    assert torch.isclose(places[0, own], connector.positions[24], atol=1e-5).all(1).any()


@pytest.mark.parametrize(("merges", "left"), [(25, 49), (20, 29)])
def test_more_merges_than_there_are_pairs_are_refused(merges: int, left: int) -> None:
    spec = CONNECTORS.read({"type": "token_merging", "merges": merges})
    with pytest.raises(ValueError, match=f"cannot merge {merges} pairs of {left} tokens: .* the 49 tokens of 'grid7'"):
        spec.image_tokens(INPUTS)
