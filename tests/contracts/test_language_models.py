"""Every registered language model keeps the contract of its seam, in the size of a preset."""

import pytest
import torch

from inkling.models.language import LANGUAGE_MODELS, spec_of
from inkling.models.language.presets import load_preset, preset_names
from inkling.models.spec import LanguageSpec


@pytest.fixture(params=LANGUAGE_MODELS.names())
def spec(request: pytest.FixtureRequest) -> LanguageSpec:
    presets = map(load_preset, preset_names())
    return min((preset for preset in presets if preset.type == request.param), key=lambda one: one.num_params(40))


def test_it_has_as_many_weights_as_the_spec_states(spec: LanguageSpec) -> None:
    network = spec.build(40, 0, device="meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == spec.num_params(40)
    assert spec_of(network) == spec


def test_the_seed_alone_determines_the_weights(spec: LanguageSpec) -> None:
    first, again, other = (spec.build(40, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_what_comes_later_changes_nothing_before(spec: LanguageSpec) -> None:
    network, ids = spec.build(40, 0).eval(), torch.arange(3, 13)[None]
    changed = ids.clone()
    changed[0, 6] += 1
    with torch.inference_mode():
        difference = (network(ids).logits - network(changed).logits).abs().amax(-1)[0]
    assert torch.all(difference[:6] == 0)
    assert difference[6] > 0


def test_gradient_reaches_every_parameter(spec: LanguageSpec) -> None:
    network, ids = spec.build(40, 0), torch.arange(3, 13)[None]
    network(ids, labels=ids).loss.backward()
    assert not [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
