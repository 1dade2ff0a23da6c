"""What the tests of objectives share: a model whose connector hands its features through."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector
from inkling.models.fusion import FUSIONS
from inkling.models.language import spec_of
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

HIDDEN_SIZE, IMAGE_TOKENS = 16, 2


class Through(Connector):
    """Image tokens are the image features."""

    def contents(self, *views: Tensor) -> Tensor:
        return views[0]


@pytest.fixture
def model(language: Callable[[], LlamaForCausalLM]) -> MultimodalModel:
    """A model whose image tokens are the features, at positions that add nothing."""
    network = language()
    connector = Through(CONNECTORS.read("mlp"), {"grid": (IMAGE_TOKENS, HIDDEN_SIZE)}, HIDDEN_SIZE)
    return MultimodalModel(network, connector, FUSIONS.read("prefix").build(spec_of(network)))


@pytest.fixture
def batch_of() -> Callable[..., dict[str, Tensor]]:
    """Makes batches: a sequence with an answer for each image, and its features unless there are none."""

    def make(grid: Tensor | None, count: int = 1, **fields: Tensor) -> dict[str, Tensor]:
        count = count if grid is None else len(grid)
        sequence = PackedSequence([TokenSegment([0, 9]), TokenSegment([11, 1], parent=0, scored=True)])
        turns = vars(collate([sequence] * count, 0 if grid is None else IMAGE_TOKENS))
        return {**turns, **fields} if grid is None else {**turns, **fields, "features.grid": grid}

    return make


@pytest.fixture
def embeddings(model: MultimodalModel) -> Tensor:
    """The model's input embeddings (vocabulary, hidden_size)."""
    return model.language.get_input_embeddings().weight.detach()


@pytest.fixture
def noise() -> Callable[..., Tensor]:
    """Draws numbers from a normal distribution, the same ones for the same shape."""
    return lambda *shape: torch.randn(*shape, generator=torch.Generator().manual_seed(0))
