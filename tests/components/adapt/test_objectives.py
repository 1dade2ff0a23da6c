"""What the objectives reward."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from inkling.components.adapt.objectives import match_words, next_token, weighted, word_embeddings
from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

IDS = torch.tensor([[40, -1], [50, 51], [60, -1]])


@pytest.fixture
def model(language) -> MultimodalModel:
    """A model whose connector hands its features through."""

    class Through(Connector):
        def contents(self, *views: torch.Tensor) -> torch.Tensor:
            return views[0]

    return MultimodalModel(language(), Through(CONNECTORS.read("mlp"), {"grid": (2, 16)}, 16))


def batch_of(model: MultimodalModel, shown: int) -> dict[str, torch.Tensor]:
    """An image that shows the embedding of one of the words beside noise, and says word 1."""
    words = word_embeddings(model.language.get_input_embeddings().weight.detach(), IDS)
    grid = torch.stack([words[shown], torch.randn(16, generator=torch.Generator().manual_seed(0)) * 1e-3])[None]
    packed = collate([PackedSequence([TokenSegment([0, 9]), TokenSegment([11, 1], parent=0, scored=True)])], 2)
    return {**vars(packed), "grid": grid, "words": IDS, "present": torch.tensor([[False, True, False]])}


def test_a_word_is_the_mean_of_its_pieces() -> None:
    embeddings = torch.arange(200.0).reshape(100, 2)
    assert word_embeddings(embeddings, IDS).tolist() == [[80.0, 81.0], [101.0, 102.0], [120.0, 121.0]]


def test_showing_the_word_of_the_caption_is_rewarded(model: MultimodalModel) -> None:
    right, wrong = (float(match_words(model, batch_of(model, shown))) for shown in (1, 0))
    assert right < 0.5 < 2.0 < wrong


def test_words_of_one_caption_do_not_compete(model: MultimodalModel) -> None:
    batch = batch_of(model, 1)
    batch["present"] = torch.tensor([[True, True, False]])
    scores = (
        functional.normalize(batch["grid"], dim=-1)
        @ functional.normalize(word_embeddings(model.language.get_input_embeddings().weight.detach(), IDS), dim=-1).T
    )
    pooled = (scores / 0.07).logsumexp(1)[0]
    expected = np.mean([float(torch.logsumexp(pooled[[word, 2]], 0) - pooled[word]) for word in (0, 1)])
    assert float(match_words(model, batch)) == pytest.approx(expected, rel=1e-4)


def test_matching_sends_no_gradient_to_the_language_model(language, tokenizer: Tokenizer) -> None:
    model = MultimodalModel(language(), CONNECTORS.read("mlp").build({"grid": (2, 16)}, 16))
    match_words(model, batch_of(model, 1)).backward()
    assert all(parameter.grad is None for parameter in model.language.parameters())
    assert model.connector.project[0].weight.grad.abs().sum() > 0


def test_a_blind_batch_has_nothing_to_match_and_still_text_to_predict(model: MultimodalModel) -> None:
    packed = collate([PackedSequence([TokenSegment([0, 9]), TokenSegment([11, 1], parent=0, scored=True)])], 0)
    batch = {**vars(packed), "words": IDS, "present": torch.tensor([[False, True, False]])}
    assert float(match_words(model, batch)) == 0
    assert float(next_token(model, batch)) > 0


def test_next_token_weighs_every_answer_the_same(model: MultimodalModel) -> None:
    batch = batch_of(model, 1)
    first, second = [11, 1], [12, 13, 14, 1]
    segments = [TokenSegment([0, 9]), TokenSegment(first, 0, True), TokenSegment([0, 8]), TokenSegment(second, 2, True)]
    batch |= vars(collate([PackedSequence(segments)] * 2, 2))
    batch["grid"] = batch["grid"].expand(2, -1, -1)
    scores = TorchEngine(model).score([[0, 9], [0, 8]], [[first], [second]], {"grid": batch["grid"]})
    expected = np.mean([-scores[0][0] / len(first), -scores[1][0] / len(second)])
    assert float(next_token(model, batch)) == pytest.approx(expected, rel=1e-4)


def test_objectives_are_weighted(model: MultimodalModel) -> None:
    batch = batch_of(model, 1)
    both = weighted({"next_token": 2.0, "match_words": 0.5})(model, batch)
    assert float(both) == pytest.approx(2 * float(next_token(model, batch)) + 0.5 * float(match_words(model, batch)))
