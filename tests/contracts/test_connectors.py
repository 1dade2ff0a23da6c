"""Every registered connector keeps the contract of its seam."""

import io
import json

import pytest
import torch
from safetensors.torch import load, save
from torch.utils.flop_counter import FlopCounterMode

from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector, QuestionTokens, build_connector
from inkling.models.spec import ConnectorSpec, Inputs
from inkling.models.vision.grid import GridPooling

HIDDEN_SIZE = 16
SHAPES = {"grid": (16, 6), "grid7": (49, 6)}
"""(tokens, channels) of the views that the connectors here are built on; another view has as many."""


@pytest.fixture(params=CONNECTORS.names())
def spec(request: pytest.FixtureRequest) -> ConnectorSpec:
    return CONNECTORS.read(request.param)


@pytest.fixture
def inputs(spec: ConnectorSpec) -> Inputs:
    return {view: SHAPES.get(view, SHAPES["grid"]) for view in spec.views}


@pytest.fixture
def views(inputs: Inputs) -> list[torch.Tensor]:
    """The views of eight images, each (8, tokens, channels)."""
    random = torch.Generator().manual_seed(1)
    return [torch.randn(8, *shape, generator=random) for shape in inputs.values()]


def image_tokens(connector: Connector, views: list[torch.Tensor], rows: slice = slice(None)) -> torch.Tensor:
    """What a connector makes of some of the eight images, and of a question about each where it reads one."""
    if not connector.spec.reads_question:
        return connector(*(view[rows] for view in views))
    embeddings = torch.randn(8, 30, HIDDEN_SIZE, generator=torch.Generator().manual_seed(3))
    asked = torch.arange(30) < torch.arange(23, 31)[:, None]  # (8, 30)
    return connector(*(view[rows] for view in views), question=QuestionTokens(embeddings[rows], asked[rows]))


@pytest.fixture
def connector(spec: ConnectorSpec, inputs: Inputs, views: list[torch.Tensor]) -> Connector:
    torch.manual_seed(0)
    built: Connector = spec.build(inputs, HIDDEN_SIZE)
    built.match_embeddings(torch.randn(50, HIDDEN_SIZE))
    built.learn_statistics(*views)
    return built


def test_as_many_image_tokens_come_out_as_the_spec_states(
    spec: ConnectorSpec, inputs: Inputs, connector: Connector, views: list[torch.Tensor]
) -> None:
    expected = (8, spec.image_tokens(inputs), HIDDEN_SIZE)
    assert connector.image_tokens == spec.image_tokens(inputs)
    assert connector(*views).shape == connector.contents(*views).shape == expected


def test_it_has_as_many_weights_as_the_spec_states(spec: ConnectorSpec, inputs: Inputs, connector: Connector) -> None:
    assert sum(parameter.numel() for parameter in connector.parameters()) == spec.num_params(inputs, HIDDEN_SIZE)


def test_it_multiplies_as_often_as_the_spec_states(
    spec: ConnectorSpec, inputs: Inputs, connector: Connector, views: list[torch.Tensor]
) -> None:
    connector.requires_grad_(False)
    with FlopCounterMode(display=False) as counter:
        image_tokens(connector, views)
    averages = {name for name, module in connector.named_modules() if isinstance(module, GridPooling)}  # left out
    by_module = counter.get_flop_counts()
    left_out = sum(sum(by_module.get(f"{type(connector).__name__}.{name}", {}).values()) for name in averages)
    assert (counter.get_total_flops() - left_out) / 2 == len(views[0]) * spec.multiply_adds(inputs, HIDDEN_SIZE)


def test_gradient_reaches_every_parameter(connector: Connector, views: list[torch.Tensor]) -> None:
    shown = image_tokens(connector, views)
    (shown * torch.randn(shown.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
    starved = [name for name, p in connector.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not starved


def test_an_image_is_seen_alike_alone_and_among_others(connector: Connector, views: list[torch.Tensor]) -> None:
    together = image_tokens(connector, views)
    for row in range(8):
        alone = image_tokens(connector, views, slice(row, row + 1))
        assert torch.allclose(alone[0], together[row], atol=1e-6, rtol=1e-6)


def test_built_again_from_its_config_and_weights_it_is_the_same(
    connector: Connector, views: list[torch.Tensor]
) -> None:
    again = build_connector(json.loads(json.dumps(connector.config)))
    again.load_state_dict(load(save(dict(connector.state_dict()))))
    assert torch.equal(image_tokens(again, views), image_tokens(connector, views))
    assert again.config == connector.config


def test_it_exports_to_onnx(connector: Connector, views: list[torch.Tensor]) -> None:
    import onnxruntime

    if connector.spec.reads_question:
        pytest.skip("the graphs make image tokens of the image alone: its export is refused by name")

    stored = io.BytesIO()
    names = list(connector.inputs)
    with torch.no_grad(), pytest.warns():
        torch.onnx.export(
            connector.eval(), tuple(views), stored, dynamo=False, opset_version=18, input_names=names,
            output_names=["image_tokens"], dynamic_axes={name: {0: "images"} for name in names},
        )  # fmt: skip
    session = onnxruntime.InferenceSession(stored.getvalue(), providers=["CPUExecutionProvider"])
    few = {name: view[:3].numpy() for name, view in zip(names, views, strict=True)}
    exported = torch.from_numpy(session.run(None, few)[0])
    assert torch.allclose(exported, connector(*views).detach()[:3], atol=1e-5)
