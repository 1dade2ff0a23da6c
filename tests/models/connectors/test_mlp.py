"""The MLP connector: standardisation, clamping, scale and positions."""

import pytest
import torch

from inkling.models.connectors.mlp import MlpConnector
from inkling.models.connectors.registry import build_connector


def test_train_features_become_standard_and_outliers_are_clamped() -> None:
    connector = MlpConnector(3, 4, 8, 5, clamp=2.0)
    grid = torch.randn(200, 5, 3) * torch.tensor([0.1, 1.0, 50.0]) + torch.tensor([5.0, 0.0, -100.0])
    connector.learn_statistics(grid)
    standard = connector.standardise(grid)
    assert standard.abs().max() <= 2.0
    inside = ((grid - connector.mean) / connector.deviation).abs() < 2.0
    assert torch.allclose(standard[inside], ((grid - connector.mean) / connector.deviation)[inside])
    assert torch.allclose(connector.mean, grid.mean((0, 1)), rtol=1e-3, atol=1e-3)


def test_a_constant_channel_stays_finite() -> None:
    connector = MlpConnector(2, 4, 8, 5)
    connector.learn_statistics(torch.ones(10, 5, 2))
    assert torch.isfinite(connector(torch.ones(1, 5, 2))).all()


def test_statistics_are_buffers_and_not_trained() -> None:
    connector = MlpConnector(2, 4, 8, 5)
    assert {"mean", "deviation"} <= set(connector.state_dict())
    assert not {"mean", "deviation"} & {name for name, _ in connector.named_parameters()}


def test_outputs_have_the_size_of_the_embeddings() -> None:
    connector = MlpConnector(6, 4, 64, 5)
    embeddings = torch.randn(100, 64) * 0.02
    connector.match_embeddings(embeddings)
    assert float(connector.contents(torch.randn(50, 5, 6)).detach().std()) == pytest.approx(0.02, rel=0.1)


def test_positions_tell_places_apart() -> None:
    connector = MlpConnector(6, 4, 8, 5)
    torch.nn.init.normal_(connector.positions)
    same = torch.randn(1, 1, 6).expand(1, 5, 6)
    assert torch.allclose(connector.contents(same)[0, 0], connector.contents(same)[0, 1])
    assert torch.allclose(connector(same) - connector.contents(same), connector.positions)


def test_the_registry_builds_what_a_config_says_and_names_the_valid_ones() -> None:
    connector = MlpConnector(6, 4, 8, 5, clamp=3.0)
    assert build_connector(connector.config).config == connector.config
    with pytest.raises(ValueError, match=r"unknown connector 'mpl'\. Valid: mlp"):
        build_connector({"type": "mpl"})
