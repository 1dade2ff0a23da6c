"""Every registered fusion keeps the contract of its seam, around a small language model."""

import json
from pathlib import Path

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.fusion.contract import build_fusion
from inkling.models.language import LANGUAGE_MODELS
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment, collate
from inkling.models.spec import FusionSpec

LANGUAGE = load_preset("tiny")
SEQUENCES = [
    PackedSequence([TokenSegment([0, row + 3, *range(5, 5 + row)]), TokenSegment([20 + row, 1], parent=0, scored=True)])
    for row in range(8)
]


@pytest.fixture(params=FUSIONS.names())
def spec(request: pytest.FixtureRequest) -> FusionSpec:
    return FUSIONS.read(request.param)


@pytest.fixture
def model(spec: FusionSpec) -> MultimodalModel:
    """A model whose fusion is open: its parameters are moved off a start that may shut the image out.

    The connector's positions are moved too: while they are zero, a fusion that norms image tokens does not feel their
    scale, whose gradient is then what rounding leaves.
    """
    torch.manual_seed(0)
    connector = CONNECTORS.read("mlp").build({"grid": (4, 6)}, LANGUAGE.hidden_size)
    model = MultimodalModel(LANGUAGE.build(40, 0), connector, spec.build(LANGUAGE)).eval()
    with torch.no_grad():
        for parameter in (*model.fusion.parameters(), model.connector.positions):
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return model


@pytest.fixture
def features() -> ImageFeatures:
    return {"grid": torch.randn(8, 4, 6, generator=torch.Generator().manual_seed(1))}


def batch(model: MultimodalModel, rows: slice = slice(None), visual: bool = True) -> PackedBatch:
    return collate(SEQUENCES[rows], model.image_positions if visual else 0)


def hooks(model: MultimodalModel) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_it_takes_as_many_positions_and_weights_as_the_spec_states(spec: FusionSpec, model: MultimodalModel) -> None:
    assert sum(parameter.numel() for parameter in model.fusion.parameters()) == spec.num_params(LANGUAGE)
    memory = model.remember({"grid": torch.zeros(2, 4, 6)})
    prefix = model.fusion.prefix(memory)
    assert (0 if prefix is None else prefix.shape[1]) == spec.positions(4) == model.image_positions
    assert all(tensor.shape[0] == 2 for tensor in memory.values())


def counted(model: MultimodalModel, features: ImageFeatures | None, packed: PackedBatch) -> int:
    """Multiply-adds of a pass over image tokens, under "tokens", and text; with None, of the language model alone."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        if features is None:
            states = torch.zeros(*packed.positions.shape, LANGUAGE.hidden_size)
            model.language.model(
                inputs_embeds=states, attention_mask=packed.mask, position_ids=packed.positions, use_cache=False
            )
        else:
            with model.fusion.inside(model.language, memory := model.fusion.remember(features["tokens"])):
                model.language.model(
                    inputs_embeds=model.embed(memory, packed.ids), attention_mask=packed.mask,
                    position_ids=packed.positions, use_cache=False,
                )  # fmt: skip
    return int(counter.get_total_flops()) // 2


def test_it_multiplies_as_often_as_the_spec_states(spec: FusionSpec, model: MultimodalModel) -> None:
    tokens, packed = torch.randn(1, 5, LANGUAGE.hidden_size), collate(SEQUENCES[:1], spec.positions(5))
    found = counted(model, {"tokens": tokens}, packed) - counted(model, None, packed)
    assert found == spec.multiply_adds(LANGUAGE, 5, packed.ids.shape[1])


def test_a_language_model_whose_layers_it_does_not_know_is_refused_by_name(spec: FusionSpec) -> None:
    other = LANGUAGE.model_copy(update={"type": "mamba"})
    if not spec.languages:
        spec.check(other)
        return
    with pytest.raises(ValueError, match=rf"fusion '{spec.type}' knows the layers of llama, not those of .* 'mamba'"):
        spec.build(other)


def test_the_image_changes_the_answer(model: MultimodalModel, features: ImageFeatures) -> None:
    other = {"grid": features["grid"].flip(0)}
    assert not torch.allclose(model(features, batch(model)), model(other, batch(model)), atol=1e-3)


def test_blind_is_the_bare_language_model_to_the_bit(model: MultimodalModel) -> None:
    packed = batch(model, visual=False)
    bare = model.language.model(
        inputs_embeds=model.language.get_input_embeddings()(packed.ids), attention_mask=packed.mask,
        position_ids=packed.positions, use_cache=False,
    ).last_hidden_state  # fmt: skip
    assert torch.equal(model(None, packed), model.language.lm_head(bare.flatten(0, 1)[packed.predictors]))


def test_nothing_is_left_behind_by_a_pass_that_ends_or_fails(model: MultimodalModel, features: ImageFeatures) -> None:
    before = hooks(model)
    model(features, batch(model))
    assert hooks(model) == before
    with pytest.raises(ZeroDivisionError), model.fusion.inside(model.language, model.remember(features)):
        raise ZeroDivisionError
    assert hooks(model) == before


def test_gradient_reaches_every_parameter(model: MultimodalModel, features: ImageFeatures) -> None:
    (-model.log_likelihoods(features, batch(model)).mean()).backward()
    parts = [*model.fusion.named_parameters(), *model.connector.named_parameters()]
    assert not [name for name, p in parts if p.grad is None or not p.grad.abs().sum() > 0]


def test_gradients_are_those_of_finite_differences(spec: FusionSpec) -> None:
    """Through a language model in double precision whose norms, which transformers computes in single, are too."""
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    small = LANGUAGE_MODELS.read({**LANGUAGE.model_dump(), **size, "num_key_value_heads": 2})
    torch.manual_seed(0)
    language, fusion = small.build(24, 0).double().eval(), spec.build(small).double()
    connector = CONNECTORS.read("mlp").build({"grid": (3, 6)}, 16)
    model = MultimodalModel(language, connector, fusion)
    for norm in [module for module in language.modules() if isinstance(module, LlamaRMSNorm)]:
        norm.forward = lambda x, norm=norm: torch.nn.functional.rms_norm(x, x.shape[-1:], norm.weight, 1e-6)
    for parameter in fusion.parameters():
        parameter.data.add_(0.3 * torch.randn(parameter.shape, dtype=torch.float64))
    packed = collate([PackedSequence([TokenSegment([0, 7]), TokenSegment([9, 4], 0, True)])] * 2, spec.positions(3))
    mask = fusion.mask(packed.mask, spec.positions(3))

    def loss(tokens: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        with fusion.inside(language, memory := fusion.remember(tokens)):
            hidden = language.model(
                inputs_embeds=model.embed(memory, packed.ids), attention_mask=mask, position_ids=packed.positions
            ).last_hidden_state
        logits = language.lm_head(hidden.flatten(0, 1)[packed.predictors])
        return torch.nn.functional.cross_entropy(logits, packed.targets)

    tokens = torch.randn(2, 3, 16, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, (tokens, *fusion.parameters()), fast_mode=True)


@torch.inference_mode()
def test_later_text_changes_no_earlier_prediction(model: MultimodalModel, features: ImageFeatures) -> None:
    own = {"grid": features["grid"][:1]}
    answers = [[8, 9, 10], [8, 9, 30]]
    sequences = [PackedSequence([TokenSegment([0, 7]), TokenSegment(answer, 0, True)]) for answer in answers]
    first, second = (model(own, collate([one], model.image_positions)) for one in sequences)
    assert torch.equal(first, second), "the last token is predicted, and read by nothing"
    longer = PackedSequence([TokenSegment([0, 7]), TokenSegment([8, 9, 10, 30, 31, 32], 0, True)])
    assert torch.allclose(first, model(own, collate([longer], model.image_positions))[:3], atol=2e-5)


@torch.inference_mode()
def test_a_row_is_answered_alike_alone_and_among_others(model: MultimodalModel, features: ImageFeatures) -> None:
    packed = batch(model)
    together = model.log_likelihoods(features, packed)
    for row in range(8):
        own = {"grid": features["grid"][row : row + 1]}
        alone = model.log_likelihoods(own, batch(model, slice(row, row + 1)))
        assert torch.allclose(alone, together[packed.sequences == row], atol=2e-5)


@torch.inference_mode()
def test_questions_packed_together_are_answered_as_if_alone(model: MultimodalModel, features: ImageFeatures) -> None:
    own = {"grid": features["grid"][:1]}
    first, second = [TokenSegment([0, 7]), TokenSegment([8, 1], 0, True)], [TokenSegment([0, 9, 4])]
    branches = [
        TokenSegment([7], 0),
        TokenSegment([8, 1], 1, True),
        TokenSegment([9, 4], 0),
        TokenSegment([5, 1], 3, True),
    ]
    tree = PackedSequence([TokenSegment([0]), *branches])
    pairs = [PackedSequence(first), PackedSequence([*second, TokenSegment([5, 1], 0, True)])]
    packed = model.log_likelihoods(own, collate([tree], model.image_positions))
    alone = [model.log_likelihoods(own, collate([pair], model.image_positions)) for pair in pairs]
    assert torch.allclose(packed, torch.cat(alone), atol=2e-5)


def test_built_again_from_its_config_it_is_the_same(model: MultimodalModel) -> None:
    again = build_fusion(json.loads(json.dumps(model.fusion.config)))
    assert again.config == model.fusion.config
    assert again.state_dict().keys() == model.fusion.state_dict().keys()


def test_a_saved_model_is_the_same_model(model: MultimodalModel, features: ImageFeatures, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = MultimodalModel.load(tmp_path)
    assert torch.equal(loaded(features, batch(model)), model(features, batch(model)))
