"""Every registered adapter keeps the contract of its seam, around a small language model."""

from pathlib import Path

import pytest
import torch

from inkling.components.adapt.adapters import ADAPTERS, AdapterSpec
from inkling.components.adapt.adapters.contract import Adapter
from inkling.components.shared.config import ConfigError
from inkling.models.connectors import CONNECTORS
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

LANGUAGE = load_preset("tiny")
FEATURES = {"grid": torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(1))}
SEQUENCES = [PackedSequence([TokenSegment([0, 7 + row]), TokenSegment([8, 1], 0, True)]) for row in range(2)]


@pytest.fixture(params=ADAPTERS.names())
def spec(request: pytest.FixtureRequest) -> AdapterSpec:
    return ADAPTERS.read({"type": request.param, "targets": ["q_proj", "k_proj", "v_proj", "o_proj"]})


@pytest.fixture
def model() -> MultimodalModel:
    torch.manual_seed(0)
    connector = CONNECTORS.read("mlp").build({"grid": (4, 6)}, LANGUAGE.hidden_size)
    return MultimodalModel(LANGUAGE.build(40, 0), connector).eval()


def open_up(adapter: Adapter) -> None:
    """Moves B off its start, at which it changes nothing."""
    for update in adapter.updates:
        torch.nn.init.normal_(update.b, std=0.2)


def logits(model: MultimodalModel) -> torch.Tensor:
    found: torch.Tensor = model(FEATURES, collate(SEQUENCES, model.image_positions))
    return found


def test_it_has_as_many_weights_as_the_spec_states(spec: AdapterSpec, model: MultimodalModel) -> None:
    adapter = spec.build(model.language)
    assert sum(parameter.numel() for parameter in adapter.parameters()) == spec.num_params(LANGUAGE)


def test_at_the_start_it_changes_no_bit_attached_or_merged(spec: AdapterSpec, model: MultimodalModel) -> None:
    adapter, bare = spec.build(model.language), logits(model)
    with adapter.attached(model.language):
        assert torch.equal(logits(model), bare)
    adapter.merge(model.language)
    assert torch.equal(logits(model), bare)


def test_merged_it_answers_as_attached_and_so_does_what_is_saved(
    spec: AdapterSpec, model: MultimodalModel, tmp_path: Path
) -> None:
    adapter, bare = spec.build(model.language), logits(model)
    open_up(adapter)
    with adapter.attached(model.language):
        attached = logits(model)
    assert not torch.allclose(attached, bare, atol=1e-2)
    assert torch.equal(logits(model), bare), "attached for one pass, and no trace is left"
    adapter.merge(model.language)
    assert torch.allclose(logits(model), attached, atol=1e-4)
    model.save(tmp_path)
    assert torch.equal(logits(MultimodalModel.load(tmp_path)), logits(model))


def test_a_change_has_at_most_the_stated_rank(spec: AdapterSpec, model: MultimodalModel) -> None:
    adapter = spec.build(model.language)
    open_up(adapter)
    for update in adapter.updates:
        assert 1 <= torch.linalg.matrix_rank(update.matrix(), rtol=1e-5) <= spec.rank


def test_gradients_are_those_of_finite_differences(spec: AdapterSpec, model: MultimodalModel) -> None:
    adapter = spec.model_copy(update={"rank": 2}).build(model.language).double()
    open_up(adapter)
    update = adapter.updates[0]
    inputs = torch.randn(1, 2, LANGUAGE.hidden_size, dtype=torch.float64)
    changed = lambda a, b: update(inputs, torch.zeros_like(inputs)).square().sum()  # noqa: E731
    assert torch.autograd.gradcheck(changed, (update.a, update.b), fast_mode=True)


def test_gradient_reaches_every_parameter(spec: AdapterSpec, model: MultimodalModel) -> None:
    adapter = spec.build(model.language)
    open_up(adapter)
    with adapter.attached(model.language):
        (-model.log_likelihoods(FEATURES, collate(SEQUENCES, model.image_positions)).mean()).backward()
    assert not [name for name, p in adapter.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


def test_what_it_cannot_adapt_is_refused_by_name(spec: AdapterSpec) -> None:
    with pytest.raises(ValueError, match=rf"adapter '{spec.type}' knows the layers of llama, .* model 'mamba'"):
        spec.check(LANGUAGE.model_copy(update={"type": "mamba"}))
    with pytest.raises(ValueError, match=r"rank 64 is no low rank for layers\.0\.self_attn\.q_proj of 64 x 64"):
        spec.model_copy(update={"rank": 64}).check(LANGUAGE)
    with pytest.raises(ConfigError, match=r"unknown key .*r.*Valid: .*rank"):
        ADAPTERS.read({"type": spec.type, "r": 8})
