"""What adaptation costs in language: nothing where the language model did not train, and else what it costs by hand."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from inkling.components.adapt.build import build_adapt
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import Lesson
from inkling.components.artifacts.language_model import LanguageModel, write_language_model
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.shared.statistics.losses import DocumentLosses, document_losses
from inkling.models.inference.text_loss import negative_log_likelihoods
from inkling.models.sequence.heldout import Heldout

_SPECIFICATION = importlib.util.spec_from_file_location("built", Path(__file__).with_name("test_build.py"))
built = importlib.util.module_from_spec(_SPECIFICATION)
_SPECIFICATION.loader.exec_module(built)


@pytest.fixture
def inputs(tmp_path: Path, lesson: Lesson, language: Callable[[], LlamaForCausalLM], tokenizer: Tokenizer) -> Path:
    """A folder with the inputs; the language model keeps the text of two sources that it was scored on."""
    built.write_inputs(tmp_path, lesson, language(), tokenizer)
    random = np.random.default_rng(0)
    documents = np.array([[0] * 16, [0] * 8 + [-1] + [1] * 7, [1] * 16, [2] * 10 + [-1] * 6])
    text = {}
    for source in ("code", "math"):
        stream = random.integers(3, tokenizer.get_vocab_size(), (4, 17))
        text[source] = Heldout(stream[:, :-1], stream[:, 1:], documents)
    parts = [
        document_losses(name, negative_log_likelihoods(language().eval(), one), one.documents, 2.0)
        for name, one in text.items()
    ]
    folder, tokens = tmp_path / "language_model", tmp_path / "tokenizer.json"
    (folder / "manifest.json").unlink()
    scored = DocumentLosses.joined(parts)
    write_language_model(folder, language(), tokens, [], {}, documents=scored, heldout=text)
    built.sign(folder, LanguageModel)
    return tmp_path


def _adapted(inputs: Path, name: str, instruct: int) -> MultimodalModelArtifact:
    stated = built.killed.PROFILE["adapt"]
    profile = {**built.killed.PROFILE, "adapt": {**stated, "epochs": {"start": 2, "align": 2, "instruct": instruct}}}
    parts = (inputs / part for part in ("language_model", "conversations", "features"))
    return build_adapt(AdaptConfig.parse(profile), *parts, inputs / name / "multimodal_model")


def test_a_frozen_language_model_loses_nothing_and_a_trained_one_what_its_text_costs(inputs: Path) -> None:
    before = LanguageModel.open(inputs / "language_model")
    frozen, trained = _adapted(inputs, "frozen", 0).documents(), _adapted(inputs, "trained", 3).documents()
    assert frozen.same_text(before.documents()) and trained.same_text(before.documents())
    np.testing.assert_allclose(frozen.nats, before.documents().nats, rtol=1e-6)
    assert trained.tokens.tolist() == [24, 23, 10] * 2
    assert trained.bytes.tolist() == [48.0, 46.0, 20.0] * 2
    network = LlamaForCausalLM.from_pretrained(inputs / "trained" / "multimodal_model" / "language").eval()
    text = before.heldout()["math"]
    with torch.inference_mode():
        scores = network(torch.from_numpy(text.inputs)).logits.double().log_softmax(-1)
    costs = -scores.gather(-1, torch.from_numpy(text.targets)[..., None])[..., 0].numpy()
    by_hand = [costs[text.documents == number].sum() for number in (0, 1, 2)]
    np.testing.assert_allclose(trained.nats[3:], by_hand, rtol=1e-5)
    assert abs(trained.nats_per_token().value - before.documents().nats_per_token().value) > 1e-3


def test_of_a_language_model_that_keeps_no_text_nothing_is_said(
    tmp_path: Path, lesson: Lesson, language: Callable[[], LlamaForCausalLM], tokenizer: Tokenizer
) -> None:
    built.write_inputs(tmp_path, lesson, language(), tokenizer)
    assert _adapted(tmp_path, "model", 0).documents() is None
