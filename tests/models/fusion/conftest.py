"""A small model with a fusion in question, for the tests of single fusions."""

from collections.abc import Callable

import pytest
import torch

from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment, collate

LANGUAGE = load_preset("tiny")
TOKENS = 4


@pytest.fixture
def model_of() -> Callable[..., MultimodalModel]:
    """Makes a model of a fusion, all with the same language model and connector."""

    def make(name: str, image_tokens: int = TOKENS, **settings: object) -> MultimodalModel:
        torch.manual_seed(0)
        connector = CONNECTORS.read("mlp").build({"grid": (image_tokens, 6)}, LANGUAGE.hidden_size)
        fusion = FUSIONS.read({"type": name, **settings}).build(LANGUAGE)
        return MultimodalModel(LANGUAGE.build(40, 0), connector, fusion).eval()

    return make


@pytest.fixture
def grid() -> torch.Tensor:
    """Features of two images (2, 4, 6)."""
    return torch.randn(2, TOKENS, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def packed() -> Callable[[MultimodalModel], PackedBatch]:
    """Packs two questions with an answer each, the second with padding."""
    questions = [
        PackedSequence([TokenSegment([0, 7, 9]), TokenSegment([8, 20, 1], 0, True)]),
        PackedSequence([TokenSegment([0, 5]), TokenSegment([1], 0, True)]),
    ]
    return lambda model: collate(questions, model.image_positions)
