"""The MLP connector, and with it what every connector inherits: standardisation, clamping, scale and positions."""

import pytest
import torch

from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import CLAMP, Connector, build_connector

TOKENS = 5


def mlp(channels: int, hidden_size: int = 8) -> Connector:
    return CONNECTORS.read({"type": "mlp", "intermediate_size": 4}).build({"grid": (TOKENS, channels)}, hidden_size)


def test_train_features_become_standard_and_outliers_are_clamped() -> None:
    connector = mlp(3)
    grid = torch.randn(200, TOKENS, 3) * torch.tensor([0.1, 1.0, 50.0]) + torch.tensor([5.0, 0.0, -100.0])
    connector.learn_statistics(grid)
    grid[0] += 1e6
    (standard,) = connector.standardise(grid)
    assert standard.abs().max() <= CLAMP
    assert torch.allclose(standard[1:], (grid[1:] - connector.mean) / connector.deviation)
    assert torch.allclose(connector.mean, grid[1:].mean((0, 1)), rtol=1e-2, atol=1e-1)


def test_a_constant_channel_stays_finite() -> None:
    connector = mlp(2)
    connector.learn_statistics(torch.ones(10, TOKENS, 2))
    assert torch.isfinite(connector(torch.ones(1, TOKENS, 2))).all()


def test_statistics_are_buffers_and_not_trained() -> None:
    connector = mlp(2)
    assert {"mean", "deviation"} <= set(connector.state_dict())
    assert not {"mean", "deviation"} & {name for name, _ in connector.named_parameters()}


def test_outputs_and_positions_have_the_size_of_the_embeddings() -> None:
    connector = mlp(6, 64)
    connector.match_embeddings(torch.randn(100, 64) * 0.02)
    shown = connector(torch.randn(50, TOKENS, 6)).detach() - connector.positions.detach()
    assert float(shown.std()) == pytest.approx(0.02, rel=0.1)
    assert float(connector.positions.detach().std()) == pytest.approx(0.02, rel=0.2)


def test_positions_tell_places_apart() -> None:
    torch.manual_seed(0)
    connector = mlp(6)
    torch.nn.init.normal_(connector.positions)
    same = torch.randn(1, 1, 6).expand(1, TOKENS, 6)
    assert torch.allclose(connector.contents(same)[0, 0], connector.contents(same)[0, 1])
    scaled = connector.contents(same) * connector.scale
    assert torch.allclose(connector(same) - scaled, connector.positions, atol=1e-6)


def test_a_view_that_was_not_encoded_is_refused() -> None:
    with pytest.raises(ValueError, match="connector 'mlp' reads the view 'grid' .*, which hold only crops"):
        CONNECTORS.read("mlp").build({"crops": (4, 6)}, 8)


def test_a_connector_is_built_again_from_its_config() -> None:
    connector = mlp(6)
    assert build_connector(connector.config).config == connector.config
    assert set(connector.config["spec"]) == {"type", "intermediate_size"}
