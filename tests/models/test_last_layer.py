"""The last layer at the positions that are read gives what the whole layer gives there, and computes no other."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from inkling.models.connectors import CONNECTORS
from inkling.models.fusion.hooks import after_layers, after_modules
from inkling.models.last_layer import last_layer_at, read_positions
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment, collate

TOKENS, CHANNELS = 4, 6


@pytest.fixture(params=[4, 2])
def model(request: pytest.FixtureRequest) -> MultimodalModel:
    """A small model in double precision, whose keys are shared by one query head or by two."""
    torch.manual_seed(0)
    language = LlamaForCausalLM(
        LlamaConfig(vocab_size=40, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
                    num_key_value_heads=request.param, initializer_range=0.3, tie_word_embeddings=True)
    )  # fmt: skip
    return MultimodalModel(language, CONNECTORS.read("mlp").build({"grid": (TOKENS, CHANNELS)}, 16)).double()


@pytest.fixture
def features() -> ImageFeatures:
    """Image features of two images."""
    return {"grid": torch.randn(2, TOKENS, CHANNELS, generator=torch.Generator().manual_seed(1)).double()}


@pytest.fixture
def batch() -> PackedBatch:
    """Two sequences of other lengths: two answers to two questions, and two choices that follow one prompt."""
    two = [TokenSegment([0]), TokenSegment([11, 12, 13], 0), TokenSegment([5, 1], 1, scored=True)]
    two += [TokenSegment([21, 22], 0), TokenSegment([6, 7, 8, 1], 3, scored=True)]
    choices = [TokenSegment([0, 31, 32]), TokenSegment([9, 1], 0, scored=True), TokenSegment([4, 1], 0, scored=True)]
    return collate([PackedSequence(two), PackedSequence(choices)], TOKENS)


def _whole(model: MultimodalModel, features: ImageFeatures, batch: PackedBatch) -> torch.Tensor:
    """The logits by the layers as Hugging Face has them."""
    hidden = model.language.model(
        inputs_embeds=model.embed(model.remember(features), batch.ids), attention_mask=batch.mask,
        position_ids=batch.positions, use_cache=False,
    ).last_hidden_state  # fmt: skip
    logits: torch.Tensor = model.language.lm_head(hidden.flatten(0, 1)[batch.predictors])
    return logits


def test_logits_and_gradients_are_those_of_the_whole_layer(
    model: MultimodalModel, features: ImageFeatures, batch: PackedBatch
) -> None:
    found, wanted = model(features, batch), _whole(model, features, batch)
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-6)  # rotary angles are single precision
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(2)).double()
    parameters = dict(model.named_parameters())
    ours, theirs = (torch.autograd.grad((one * weights).sum(), list(parameters.values())) for one in (found, wanted))
    for name, one, other in zip(parameters, ours, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-6), name


def test_the_last_feed_forward_part_computes_no_more_than_is_read(
    model: MultimodalModel, features: ImageFeatures, batch: PackedBatch
) -> None:
    seen: list[int] = []
    for layer in model.language.model.layers:
        layer.mlp.register_forward_hook(lambda part, inputs, output: seen.append(inputs[0].shape[1]))
    model(features, batch)
    assert seen == [batch.positions.shape[1], 6]  # the first sequence scores six tokens, each read at its own position


def test_positions_are_named_once_and_rows_lead_to_them() -> None:
    rows = torch.tensor([7, 2, 7, 13, 4])  # of three sequences of five positions; the second reads one twice
    positions, places = read_positions(rows, 3, 5)
    assert positions.tolist() == [[2, 4], [2, 0], [3, 0]]
    assert (positions + 5 * torch.arange(3)[:, None]).flatten()[places].tolist() == rows.tolist()


def test_what_changes_or_reads_the_last_layer_finds_it_whole(
    model: MultimodalModel, features: ImageFeatures, batch: PackedBatch
) -> None:
    seen: list[torch.Size] = []

    def read(hidden: torch.Tensor) -> torch.Tensor:
        seen.append(hidden.shape)
        return 2 * hidden

    with after_layers(model.language, {1: read}):
        found = model(features, batch)
        assert torch.equal(found, _whole(model, features, batch))
    assert seen == [(*batch.positions.shape, 16)] * 2


def test_a_matrix_that_an_adapter_changes_is_changed_at_the_positions_that_are_read(
    model: MultimodalModel, features: ImageFeatures, batch: PackedBatch
) -> None:
    before = model(features, batch)
    with after_modules(model.language, {"layers.1.self_attn.q_proj": lambda inputs, output: output + inputs}):
        found = model(features, batch)
        assert torch.allclose(found, _whole(model, features, batch), rtol=1e-5, atol=1e-6)
    assert not torch.allclose(found, before, rtol=1e-5, atol=1e-6)


def test_a_pass_that_fails_leaves_the_layer_as_it_was(model: MultimodalModel) -> None:
    layer = model.language.model.layers[1]
    with pytest.raises(KeyError), last_layer_at(model.language, torch.zeros(1, 1, dtype=torch.int64)):
        raise KeyError
    assert "forward" not in vars(layer)
