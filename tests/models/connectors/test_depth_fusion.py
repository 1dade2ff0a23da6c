"""Depth fusion: off it is the MLP connector, and on it shows what only an early map holds."""

import pytest
import torch
from torch import Tensor

from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector

EARLY, MIDDLE = "layers.14x14.4x4", "layers.7x7.4x4"
INPUTS = {"grid": (16, 6), MIDDLE: (16, 4), EARLY: (16, 3)}


def built(**settings: object) -> Connector:
    torch.manual_seed(3)
    connector: Connector = CONNECTORS.read({"intermediate_size": 10, "type": "depth_fusion", **settings}).build(
        INPUTS, 8
    )
    return connector


def views(count: int = 4) -> list[Tensor]:
    return [torch.randn(count, *shape) for shape in INPUTS.values()]


def test_without_depth_and_breadth_it_is_the_mlp_to_the_bit() -> None:
    torch.manual_seed(3)
    mlp = CONNECTORS.read({"type": "mlp", "intermediate_size": 10}).build(INPUTS, 8)
    off = built(earlier=[], readings=0)
    assert off.state_dict().keys() == mlp.state_dict().keys()
    image = views()[0]
    assert torch.equal(off(image), mlp(image))


def test_with_zero_weights_beside_the_last_map_it_is_the_last_map_alone_to_the_bit() -> None:
    on, off, seen = built(), built(earlier=[], readings=0), views()
    assert not torch.allclose(on.contents(*seen), off.contents(seen[0]), atol=1e-3)
    with torch.no_grad():
        on.beside.weight.zero_()
    assert torch.equal(on.contents(*seen), off.contents(seen[0]))


def test_each_view_has_unit_deviation_whatever_its_size() -> None:
    connector = built()
    sizes = (0.1, 10.0, 300.0)
    connector.learn_statistics(*(size * view for size, view in zip(sizes, views(200), strict=True)))
    for size, view in zip(
        sizes, connector.standardise(*(s * v for s, v in zip(sizes, views(200), strict=True))), strict=True
    ):
        assert float(view.std()) == pytest.approx(1.0, rel=0.05), size


def test_it_finds_what_only_an_early_map_shows() -> None:
    def error(**settings: object) -> float:
        connector = built(**settings)
        optimiser = torch.optim.Adam(connector.parameters(), 3e-2)
        random = torch.Generator().manual_seed(5)
        for _ in range(60):
            seen = [torch.randn(16, *shape, generator=random) for shape in INPUTS.values()]
            wanted = seen[2][..., :1]  # a channel of the early map
            read = [view for name, view in zip(INPUTS, seen, strict=True) if name in connector.inputs]
            loss = (connector.contents(*read)[..., :1] - wanted).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return float(loss.detach())

    assert error() < 0.3 < 0.8 < error(earlier=[])


@pytest.mark.parametrize("missing", [EARLY, MIDDLE])
def test_a_view_that_the_encoder_does_not_give_is_refused_by_name(missing: str) -> None:
    given = {name: shape for name, shape in INPUTS.items() if name != missing}
    with pytest.raises(ValueError, match=f"connector 'depth_fusion' reads the view '{missing}'"):
        CONNECTORS.read("depth_fusion").build(given, 8)


def test_a_view_of_another_size_is_refused_with_the_name_that_has_it() -> None:
    spec = CONNECTORS.read({"type": "depth_fusion", "earlier": ["layers.14x14"]})
    with pytest.raises(ValueError, match=r"'layers.14x14' has 196 tokens and 'grid' 16; .* 'layers.14x14.4x4'"):
        spec.image_tokens({"grid": (16, 6), "layers.14x14": (196, 3)})
