"""Packing equals questions alone, and a saved model is the same model."""

from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from inkling.models.connectors.mlp import MlpConnector
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

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
    connector = MlpConnector(CHANNELS, 8, 16, TOKENS)
    torch.nn.init.normal_(connector.positions)
    return MultimodalModel(language, connector).eval()


@pytest.fixture(scope="module")
def grid() -> torch.Tensor:
    """Grid tokens of three images."""
    return torch.randn(3, TOKENS, CHANNELS, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_a_scene_packed_whole_equals_its_questions_asked_alone(model: MultimodalModel, grid: torch.Tensor) -> None:
    segments: list[TokenSegment] = []
    for prompt, answers in zip(PROMPTS, CHOICES, strict=True):
        segments += [TokenSegment(prompt), TokenSegment(answers[0], parent=len(segments), scored=True)]
    packed = model.log_likelihoods(grid[:1], collate([PackedSequence(segments)], TOKENS))
    alone = [
        model.log_likelihoods(
            grid[:1],
            collate([PackedSequence([TokenSegment(prompt), TokenSegment(answers[0], parent=0, scored=True)])], TOKENS),
        )
        for prompt, answers in zip(PROMPTS, CHOICES, strict=True)
    ]
    assert torch.allclose(packed, torch.cat(alone), atol=1e-5)


def test_a_saved_model_is_the_same_model(model: MultimodalModel, grid: torch.Tensor, tmp_path: Path) -> None:
    model.connector.learn_statistics(grid)
    model.save(tmp_path)
    loaded = MultimodalModel.load(tmp_path)
    assert TorchEngine(loaded).score(PROMPTS, CHOICES, grid) == TorchEngine(model).score(PROMPTS, CHOICES, grid)
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
    config.write_text(config.read_text().replace(f'"tokens": {TOKENS}', '"tokens": 9'))
    with pytest.raises(RuntimeError, match="size mismatch for positions"):
        MultimodalModel.load(tmp_path)
    config.write_text("{}")
    with pytest.raises(ValueError, match="unknown connector"):
        MultimodalModel.load(tmp_path)
