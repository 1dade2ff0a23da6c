"""Packing equals questions alone, images stand where the text has them, and a saved model is the same model."""

import json
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from inkling.models.connectors import CONNECTORS
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.sequence.packing import ImageSegment, PackedSequence, TokenSegment, collate
from inkling.models.settings import ConfigError

TOKENS, CHANNELS = 4, 6
PROMPTS = [[0, 11, 12, 13], [0, 21, 22, 23, 24, 25, 26], [0, 31]]
CHOICES = [[[5, 1], [6, 7, 1]], [[8, 1], [9, 1], [10, 11, 12, 1]], [[4, 1]]]


@pytest.fixture(scope="module")
def model() -> MultimodalModel:
    """A small model with weights large enough that attention matters."""
    torch.manual_seed(0)
    language = LlamaForCausalLM(
        LlamaConfig(vocab_size=40, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                    num_key_value_heads=2, initializer_range=0.3, tie_word_embeddings=True)
    )  # fmt: skip
    connector = CONNECTORS.read("mlp").build({"grid": (TOKENS, CHANNELS)}, 16)
    torch.nn.init.normal_(connector.positions)
    return MultimodalModel(language, connector).eval()


@pytest.fixture(scope="module")
def features() -> ImageFeatures:
    """Image features of three images."""
    return {"grid": torch.randn(3, TOKENS, CHANNELS, generator=torch.Generator().manual_seed(1))}


@torch.inference_mode()
def test_a_scene_packed_whole_equals_its_questions_asked_alone(model: MultimodalModel, features: ImageFeatures) -> None:
    segments = [TokenSegment(PROMPTS[0][:1])]
    for prompt, answers in zip(PROMPTS, CHOICES, strict=True):
        segments.append(TokenSegment(prompt[1:], parent=0))
        segments.append(TokenSegment(answers[0], parent=len(segments) - 1, scored=True))
    first = {"grid": features["grid"][:1]}
    packed = model.log_likelihoods(first, collate([PackedSequence(segments)], TOKENS))
    alone = [
        model.log_likelihoods(
            first,
            collate([PackedSequence([TokenSegment(prompt), TokenSegment(answers[0], parent=0, scored=True)])], TOKENS),
        )
        for prompt, answers in zip(PROMPTS, CHOICES, strict=True)
    ]
    assert torch.allclose(packed, torch.cat(alone), atol=1e-5)


def test_inputs_by_place_are_those_with_the_image_behind_the_first_token_to_the_bit(
    model: MultimodalModel, features: ImageFeatures
) -> None:
    sequences = [
        PackedSequence([TokenSegment(prompt), TokenSegment(answers[0], 0, True)])
        for prompt, answers in zip(PROMPTS, CHOICES, strict=True)
    ]
    batch, found = collate(sequences, TOKENS), []
    for places in (None, batch.places):
        model.zero_grad()
        inputs = model.embed(model.remember(features), batch.ids, places)
        (inputs * torch.arange(inputs.numel()).reshape(inputs.shape).sin()).sum().backward()
        gradients = [one.grad.clone() for one in model.parameters() if one.grad is not None]
        found.append([inputs.detach(), *gradients])
    assert len(found[0]) > 3 and all(torch.equal(*pair) for pair in zip(*found, strict=True))


# The sentences of a document of three images: 5 6 <image> 7 8 <image> 9 10 11 <image> 12 <|eos|>.
DOCUMENT = [TokenSegment([0]), TokenSegment([5, 6], 0, True), ImageSegment(1), TokenSegment([7, 8], 2, True)]
DOCUMENT += [ImageSegment(3), TokenSegment([9, 10, 11], 4, True), ImageSegment(5), TokenSegment([12, 1], 6, True)]
OWNERS = (1, 3, 5, 7)


def sentence_losses(model: MultimodalModel, features: ImageFeatures) -> list[torch.Tensor]:
    """The log-probabilities of each sentence's tokens."""
    batch = collate([PackedSequence(DOCUMENT)], TOKENS)
    found = model.log_likelihoods(features, batch)
    return [found[batch.owners == owner] for owner in OWNERS]


@pytest.mark.parametrize("image", [0, 1, 2])
def test_a_sentence_sees_the_images_before_it_and_none_behind(
    model: MultimodalModel, features: ImageFeatures, image: int
) -> None:
    with torch.inference_mode():
        before = sentence_losses(model, features)
        grid = features["grid"].clone()
        grid[image] += 1.0
        after = sentence_losses(model, {"grid": grid})
    changed = [not torch.allclose(*pair, atol=1e-6) for pair in zip(before, after, strict=True)]
    assert changed == [False] * (1 + image) + [True] * (3 - image)


def test_a_sentence_teaches_through_every_image_before_it(model: MultimodalModel, features: ImageFeatures) -> None:
    grid = features["grid"].clone().requires_grad_()
    for number, losses in enumerate(sentence_losses(model, {"grid": grid})):
        (gradient,) = torch.autograd.grad(losses.sum(), grid, retain_graph=True, allow_unused=True)
        reached = gradient.abs().amax((1, 2)) > 0
        assert reached.tolist() == [image < number for image in range(3)]


@torch.inference_mode()
def test_documents_and_single_images_share_a_batch(model: MultimodalModel, features: ImageFeatures) -> None:
    alone = PackedSequence([TokenSegment(PROMPTS[2]), TokenSegment(CHOICES[2][0], 0, True)])
    document = PackedSequence(DOCUMENT)
    grid = torch.cat([features["grid"][1:2], features["grid"]])
    together = collate([alone, document], TOKENS)
    found = model.log_likelihoods({"grid": grid}, together)
    single = model.log_likelihoods({"grid": grid[:1]}, collate([alone], TOKENS))
    whole = model.log_likelihoods(features, collate([document], TOKENS))
    assert torch.allclose(found, torch.cat([single, whole]), atol=1e-5)
    blind, bare = collate([document], 0), [part for part in DOCUMENT if isinstance(part, TokenSegment)]
    text = [TokenSegment(part.ids, index - 1 if index else None, index > 0) for index, part in enumerate(bare)]
    assert torch.equal(model(None, blind), model(None, collate([PackedSequence(text)], 0)))


def test_a_saved_model_is_the_same_model(model: MultimodalModel, features: ImageFeatures, tmp_path: Path) -> None:
    model.connector.learn_statistics(features["grid"])
    model.save(tmp_path)
    loaded = MultimodalModel.load(tmp_path)
    assert TorchEngine(loaded).score(PROMPTS, CHOICES, features) == TorchEngine(model).score(PROMPTS, CHOICES, features)
    assert loaded.state_dict().keys() == model.state_dict().keys()


def test_the_same_model_saves_the_same_bytes(model: MultimodalModel, tmp_path: Path) -> None:
    model.save(tmp_path / "a")
    model.save(tmp_path / "b")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert Path("connector/model.safetensors") in files
    assert Path("language/model.safetensors") in files
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


def test_a_connector_that_does_not_fit_is_refused(model: MultimodalModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    config = tmp_path / "connector" / "config.json"
    config.write_text(json.dumps({**model.connector.config, "inputs": {"grid": [9, CHANNELS]}}))
    with pytest.raises(RuntimeError, match="size mismatch for positions"):
        MultimodalModel.load(tmp_path)
    config.write_text(json.dumps({**model.connector.config, "spec": {"type": "mpl"}}))
    with pytest.raises(ConfigError, match=r"unknown connector 'mpl'.* Valid: .*linear, .*mlp"):
        MultimodalModel.load(tmp_path)
    config.write_text("{}")
    with pytest.raises(ValueError, match="a connector's config has 'spec', 'inputs' and 'hidden_size', got nothing"):
        MultimodalModel.load(tmp_path)


def test_features_of_another_shape_or_view_are_refused(model: MultimodalModel, features: ImageFeatures) -> None:
    with pytest.raises(ValueError, match=r"reads the view 'grid' as \(tokens, channels\) \(4, 6\), got .*\(3, 6\)"):
        model.remember({"grid": features["grid"][:, :3]})
    with pytest.raises(ValueError, match=r"reads the view 'grid'.*got {'crops': \(4, 6\)}"):
        model.remember({"crops": features["grid"]})


def test_a_connector_that_states_another_number_of_image_tokens_is_refused(features: ImageFeatures) -> None:
    language = load_preset("tiny").build(40, 0)
    connector = CONNECTORS.read("mlp").build({"grid": (TOKENS, CHANNELS)}, 64)
    connector.image_tokens = TOKENS + 1
    with pytest.raises(ValueError, match="connector 'mlp' states 5 image tokens and made 4"):
        MultimodalModel(language, connector).remember(features)


def test_a_prefix_is_saved_without_a_folder_of_its_own(model: MultimodalModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"language", "connector"}
    assert model.image_positions == TOKENS
