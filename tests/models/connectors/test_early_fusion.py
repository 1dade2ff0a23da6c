"""Early fusion: it begins as the MLP connector, and reads its own question, no padding, no neighbour and no answer."""

from pathlib import Path

import pytest
import torch

from inkling.components.export.graphs import export_graphs
from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector, QuestionTokens
from inkling.models.inference.engine import Engine
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

INPUTS, LANGUAGE = {"grid": (4, 6)}, load_preset("tiny")
WORDS = 5


def built(name: str, **settings: int) -> Connector:
    torch.manual_seed(0)
    connector: Connector = CONNECTORS.read({"type": name, **settings}).build(INPUTS, LANGUAGE.hidden_size)
    connector.match_embeddings(torch.randn(50, LANGUAGE.hidden_size))
    return connector


def reader(seed: int = 1) -> Connector:
    """One whose mixing is off its start, so that words matter."""
    connector = built("early_fusion", words=WORDS)
    with torch.no_grad():
        connector.mixing.add_(torch.randn(connector.mixing.shape, generator=torch.Generator().manual_seed(seed)))
    return connector


def question(length: int, count: int = 2) -> QuestionTokens:
    embeddings = torch.randn(count, length, LANGUAGE.hidden_size, generator=torch.Generator().manual_seed(2))
    return QuestionTokens(embeddings, torch.ones(count, length, dtype=torch.bool))


def test_it_begins_as_the_mlp_connector_to_the_bit() -> None:
    start, mlp, image = built("early_fusion", words=WORDS), built("mlp"), torch.randn(2, 4, 6)
    assert torch.equal(start(image), mlp(image))
    assert torch.equal(start(image, question=question(WORDS)), mlp(image))


@pytest.mark.parametrize("length", [3, WORDS, 9])
def test_the_mixing_learns_only_from_words_that_there_are(length: int) -> None:
    connector = reader()
    connector(torch.randn(2, 4, 6), question=question(length)).square().sum().backward()
    learns = (connector.mixing.grad != 0).all(0).tolist()
    assert learns == [True] * (4 + min(length, WORDS)) + [False] * (WORDS - min(length, WORDS))


def test_padding_does_not_leak() -> None:
    connector, image, short = reader(), torch.randn(2, 4, 6), question(3)
    padded = QuestionTokens(
        torch.cat([short.embeddings, torch.randn(2, 4, LANGUAGE.hidden_size)], 1), torch.arange(7) < 3
    )
    padded = QuestionTokens(padded.embeddings, padded.asked.expand(2, 7))
    assert torch.equal(connector(image, question=short), connector(image, question=padded))


def test_each_image_is_mixed_with_its_own_question_alone() -> None:
    connector, image, asked = reader(), torch.randn(2, 4, 6), question(WORDS)
    other = QuestionTokens(torch.cat([asked.embeddings[:1], asked.embeddings[1:] + 1]), asked.asked)
    before, after = connector(image, question=asked), connector(image, question=other)
    assert torch.equal(before[0], after[0])
    assert not torch.allclose(before[1], after[1], atol=1e-3)


@pytest.fixture
def model() -> MultimodalModel:
    return MultimodalModel(LANGUAGE.build(40, 0), reader()).eval()


@torch.inference_mode()
def test_the_image_tokens_do_not_see_the_answer(model: MultimodalModel) -> None:
    grid = {"grid": torch.randn(1, 4, 6)}

    def tokens(answer: list[int], asked: list[int]) -> torch.Tensor:
        tree = [TokenSegment([0]), TokenSegment(asked, 0), TokenSegment(answer, 1, scored=True)]
        batch = collate([PackedSequence(tree)], model.image_positions)
        return model.remember(grid, model.read(batch.ids, batch.asked))["image_tokens"]

    first = tokens([8, 1], [5, 6])
    assert torch.equal(first, tokens([9, 10, 11, 1], [5, 6]))
    assert not torch.allclose(first, tokens([8, 1], [5, 7]), atol=1e-6)


@torch.inference_mode()
def test_it_answers_on_a_cache_as_without_and_in_a_batch_as_alone(model: MultimodalModel) -> None:
    prompts, choices = [[0, 5, 6, 7], [0, 9]], [[[8, 1], [10]], [[11, 12, 1]]]
    images, engine = {"grid": torch.randn(2, 4, 6)}, TorchEngine(model)
    direct, cached = (kind.choice_logits(engine, prompts, choices, images) for kind in (TorchEngine, Engine))
    assert all(
        torch.allclose(torch.from_numpy(one), torch.from_numpy(other), atol=1e-4)
        for group, others in zip(direct, cached, strict=True)
        for one, other in zip(group, others, strict=True)
    )
    scores = engine.score(prompts, choices, images)
    for row in range(2):
        own = {"grid": images["grid"][row : row + 1]}
        assert engine.score(prompts[row : row + 1], choices[row : row + 1], own)[0] == pytest.approx(
            scores[row], abs=1e-4
        )


def test_its_export_is_refused_by_name(model: MultimodalModel, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the connector 'early_fusion' reads the question too"):
        export_graphs(model, 224, tmp_path)
