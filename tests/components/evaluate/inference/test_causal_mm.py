"""Counterfactual contrast: without strength or difference it is plain likelihood; passes and edits are as stated."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.components.evaluate.inference import METHODS
from inkling.models.inference.answering import EngineAnswering
from inkling.models.inference.counterfactual import Counterfactual
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.models.multimodal import ImageFeatures
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.tests.components.evaluate.tiny import TOKENS, tiny_answering

WORDS = ["red", "green", "dark blue", "black"]
IMAGES = ["a", "b", "c", "a", "d"]
QUESTIONS = [
    Asked(
        Question(f"q{n}", "i", "j", "Which colour" + " colour" * n, WORDS, "red", "c", "f", "none", "test"),
        (2, 0, 1, 3),
    )
    for n in range(5)
]
EDITS = ("shuffled", "reversed", "uniform", "random")


def method(**settings: object) -> Method:
    built: Method = METHODS.read({"type": "causal-mm", "cutoff": 0, **settings}).build()
    return built


@pytest.fixture(scope="module")
def model() -> EngineAnswering[ImageFeatures]:
    return tiny_answering(["Which", "colour", "dark", *WORDS])


@pytest.fixture
def plain(model: EngineAnswering[ImageFeatures]) -> list[Reply]:
    return list(METHODS.read("likelihood").build().reply(model, QUESTIONS, IMAGES))


def values(replies: Sequence[Reply]) -> torch.Tensor:
    return torch.tensor([reply.log_likelihoods for reply in replies], dtype=torch.float64)


def test_without_strength_or_image_it_is_likelihood_to_the_bit(model, plain: list[Reply]) -> None:
    assert method(strength=0).reply(model, QUESTIONS, IMAGES) == plain
    blind = METHODS.read("likelihood").build().reply(model, QUESTIONS, None)
    assert method().reply(model, QUESTIONS, None) == blind


@pytest.mark.parametrize("against", ["vision", "language"])
def test_a_counterfactual_that_changes_nothing_is_likelihood(
    model, plain: list[Reply], against: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edited attention, computed by hand, is the model's own where the weights are left as they are."""
    monkeypatch.setattr(Counterfactual, "weights", lambda self, weights: weights)
    found = method(against=[against], strength=3.0, cutoff=0.1).reply(model, QUESTIONS, IMAGES)
    assert torch.allclose(values(found), values(plain), atol=1e-4)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("against", ["vision", "language"])
def test_each_side_and_edit_moves_the_answer(model, plain: list[Reply], against: str, edit: str) -> None:
    found = method(against=[against], edit=edit).reply(model, QUESTIONS, IMAGES)
    assert (values(found) - values(plain)).abs().min(1).values.max() > 1e-3


def test_the_contrast_with_the_blind_view_is_that_of_the_two_likelihoods(model, plain: list[Reply]) -> None:
    """Computed from sums alone, since without a cut all tokens are contrasted."""
    blind = METHODS.read("likelihood").build().reply(model, QUESTIONS, None)
    found = method(against=["blind"], strength=0.5).reply(model, QUESTIONS, IMAGES)
    assert torch.allclose(values(found), 1.5 * values(plain) - 0.5 * values(blind), atol=1e-4)


def test_what_the_pass_as_it_stands_finds_implausible_is_not_contrasted() -> None:
    """0.4 of the largest probability is the bound: that of the pass as it stands, not the counterfactual's 0.98."""
    plain, other = (np.log(np.array([row], np.float32)) for row in ([0.6, 0.3, 0.1], [0.98, 0.01, 0.01]))
    contrast = method(strength=2.0, cutoff=0.4)._contrast
    for token, expected in ((0, 3 * np.log(0.6) - 2 * np.log(0.98)), (1, 3 * np.log(0.3) - 2 * np.log(0.01))):
        assert contrast(plain, [other], [token]) == pytest.approx(expected, abs=1e-5)
    assert contrast(plain, [other], [2]) == pytest.approx(np.log(0.1), abs=1e-5)
    assert contrast(plain, [other, other], [0]) == pytest.approx(5 * np.log(0.6) - 4 * np.log(0.98), abs=1e-5)


def test_the_seed_decides_and_the_passes_are_those_stated(model, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    forward = model.engine.model.forward
    monkeypatch.setattr(model.engine.model, "forward", lambda *given: passes.append(1) or forward(*given))
    for first, stated in ((method(), 3), (method(against=["blind"]), 2), (method(strength=0), 1)):
        passes.clear()
        replies = first.reply(model, QUESTIONS, IMAGES)
        assert len(passes) == first.spec.passes == stated
        assert replies == first.reply(model, QUESTIONS, IMAGES)
    assert method(seed=1).reply(model, QUESTIONS, IMAGES) != method().reply(model, QUESTIONS, IMAGES)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_keeps_what_it_says(edit: str) -> None:
    weights = torch.rand(2, 3, 5, TOKENS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = Counterfactual(edit, [[1], [2]]).weights(weights)
    kept = torch.allclose(found.sum(-1), weights.sum(-1))
    assert kept == (edit in ("shuffled", "uniform"))
    assert (found >= 0).all() and not torch.equal(found, weights)
    same_tokens = torch.equal(found.sort(-1).values, weights.sort(-1).values)
    assert same_tokens == (edit == "shuffled")
    if edit == "reversed":
        assert torch.equal(found.argmin(-1), weights.argmax(-1))


def test_edited_attention_leaves_no_trace_and_touches_the_text_alone(model) -> None:
    """Rows of the image and of the first token stay; after the pass the model is as before."""
    network = model.engine.model
    prompts, choices = [prompt_ids(model._tokenizer, "Which colour")], [[answer_ids(model._tokenizer, "red")]]
    images = model._images(["a"])
    before = model.engine.choice_logits(prompts, choices, images)[0][0]
    seen: list[torch.Tensor] = []
    hook = network.language.model.layers[0].register_forward_hook(lambda *given: seen.append(given[2]))
    with Counterfactual("reversed", [[0]]).attention(network.language, network.image_positions, 1):
        edited = model.engine.choice_logits(prompts, choices, images)[0][0]
    after = model.engine.choice_logits(prompts, choices, images)[0][0]
    hook.remove()
    assert (before == after).all() and not (before == edited).all()
    image = slice(0, 1 + network.image_positions)
    assert torch.allclose(seen[0][:, image], seen[1][:, image], atol=1e-5)


def test_what_cannot_be_opened_is_refused_by_name(model) -> None:
    exported = EngineAnswering(OnnxEngine.__new__(OnnxEngine), model._tokenizer, lambda names: names)
    for name in ("causal-mm", "ensemble"):
        with pytest.raises(ValueError, match=f"method '{name}' changes what runs inside a model.*weights in torch"):
            METHODS.read(name).build().check(exported, QUESTIONS)
    lavi = tiny_answering(["Which", "colour", *WORDS], "lavi")
    with pytest.raises(ValueError, match="fusion 'lavi' takes none: leave 'language' out"):
        method().check(lavi, QUESTIONS)
    method(against=["vision"]).check(lavi, QUESTIONS)


def test_an_ensemble_that_drops_nothing_is_likelihood_to_the_bit_and_else_the_mean_of_its_passes(
    model, plain: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert METHODS.read({"type": "ensemble", "drop": 0}).build().reply(model, QUESTIONS, IMAGES) == plain
    passes = []
    forward = model.engine.model.forward
    monkeypatch.setattr(model.engine.model, "forward", lambda *given: passes.append(1) or forward(*given))
    ensemble = METHODS.read({"type": "ensemble", "members": 4, "drop": 0.5}).build()
    found = ensemble.reply(model, QUESTIONS, IMAGES)
    assert len(passes) == ensemble.spec.passes == 4
    assert (values(found) - values(plain)).abs().max() > 1e-3
    monkeypatch.setattr("inkling.components.evaluate.inference.ensemble.dropped", lambda features, *_: features)
    assert torch.allclose(values(ensemble.reply(model, QUESTIONS, IMAGES)), values(plain), atol=1e-4)
