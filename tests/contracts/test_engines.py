"""Every engine answers as transformers does, one prompt at a time; a batch, a cache and padding change nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM

from inkling.components.export.graphs import export_graphs
from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.inference.answering import EngineAnswering
from inkling.models.inference.engine import Engine, PromptError
from inkling.models.inference.likelihood import choose, log_likelihood
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.language import spec_of
from inkling.models.multimodal import MultimodalModel
from inkling.models.vision import ENCODERS

PROMPTS = [[5, 6, 7, 8, 9], [10, 11], [12, 13, 14], [15], [10, 11, 12, 13, 14, 15, 16]]
CHOICES = [
    [[20, 1], [21, 22, 1]],
    [[23, 24, 25, 1], [26, 1]],
    [[27], [28]],
    [[29, 30, 31, 1]],
    [[32, 1], [33], [34, 1]],
]
LIMITS = [9, 3, 12, 1, 6]
CONTEXT = 64

TINY = ENCODERS.read("tiny-random")
SIZE = TINY.preprocessing.image_size


@dataclass(frozen=True)
class Subject:
    """An engine and the images that it takes.

    Attributes:
        engine: The engine.
        images: Gives the images of some prompts by their rows.
    """

    engine: Engine[Any, Any]
    images: Callable[[Sequence[int]], Any]

    def view(self, visual: bool, rows: Sequence[int] = range(len(PROMPTS))) -> Any:
        """The images of some prompts, or None to ask blind."""
        return self.images(list(rows)) if visual else None


@pytest.fixture(scope="module")
def model() -> MultimodalModel:
    """A small model with weights large enough that attention, image and question matter."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, initializer_range=0.3,
    )  # fmt: skip
    connector = CONNECTORS.read("mlp").build({"grid": TINY.views["grid"]}, 32)
    torch.nn.init.normal_(connector.positions)
    return MultimodalModel(LlamaForCausalLM(config), connector, encoder=TINY.build(["grid"])).eval()


@pytest.fixture(scope="module")
def features(model: MultimodalModel) -> torch.Tensor:
    """Features of an image a prompt (prompts, tokens, channels)."""
    with torch.inference_mode():
        return model.encoder(torch.from_numpy(pixels()))[0]


@pytest.fixture(scope="module")
def subjects(
    model: MultimodalModel, features: torch.Tensor, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Subject]:
    """The engines of the same model."""
    directory = tmp_path_factory.mktemp("graphs")
    export_graphs(model, SIZE, directory)
    exported = OnnxEngine(directory, CONTEXT, 1, "cpu")
    embedded = exported.embed_images(pixels())
    return {
        "torch": Subject(TorchEngine(model), lambda rows: {"grid": features[rows]}),
        "onnx": Subject(exported, lambda rows: embedded[rows]),
    }


@pytest.fixture(params=["torch", "onnx"])
def subject(request: pytest.FixtureRequest, subjects: dict[str, Subject]) -> Subject:
    """Each engine in turn."""
    return subjects[request.param]


visual_and_blind = pytest.mark.parametrize("visual", [True, False], ids=["visual", "blind"])


def pixels() -> np.ndarray:
    """Preprocessed pixels of an image a prompt."""
    shape = (len(PROMPTS), 3, SIZE, SIZE)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def inputs(model: MultimodalModel, ids: Sequence[int], image: torch.Tensor | None) -> torch.Tensor:
    """Embeddings of one image, where there is one, and a text after it (1, t + s, hidden_size)."""
    text = model.language.get_input_embeddings()(torch.tensor([list(ids)]))
    return text if image is None else torch.cat([text[:, :1], model.connector(image[None]), text[:, 1:]], dim=1)


@torch.inference_mode()
def reference_score(model: MultimodalModel, prompt: list[int], choice: list[int], image: torch.Tensor | None) -> float:
    """Log-likelihood of one choice by a plain causal pass over one sequence, without padding or cache."""
    logits = model.language(inputs_embeds=inputs(model, prompt + choice, image), use_cache=False).logits[0]
    predicted = logits[-len(choice) - 1 : -1].double().log_softmax(-1)
    return float(predicted[range(len(choice)), choice].sum())


@torch.inference_mode()
def reference_generate(
    model: MultimodalModel, prompt: list[int], image: torch.Tensor | None, limit: int, stop: int | None = None
) -> list[int]:
    """The tokens of transformers' own greedy search on one sequence, without the one that ends it."""
    embedded = inputs(model, prompt, image)
    found = model.language.generate(
        inputs_embeds=embedded, attention_mask=torch.ones(embedded.shape[:2]), do_sample=False, max_new_tokens=limit,
        eos_token_id=stop, pad_token_id=0,
    )[0].tolist()  # fmt: skip
    return found[: found.index(stop)] if stop in found else found


@visual_and_blind
def test_scores_are_those_of_one_plain_pass_a_choice(
    subject: Subject, model: MultimodalModel, features: torch.Tensor, visual: bool
) -> None:
    scores = subject.engine.score(PROMPTS, CHOICES, subject.view(visual))
    for row, (prompt, choices) in enumerate(zip(PROMPTS, CHOICES, strict=True)):
        image = features[row] if visual else None
        expected = [reference_score(model, prompt, choice, image) for choice in choices]
        assert scores[row] == pytest.approx(expected, abs=1e-4)
        assert choose(scores[row]) == choose(expected)


@visual_and_blind
def test_logits_are_those_that_the_scores_come_of(subject: Subject, visual: bool) -> None:
    scores = subject.engine.score(PROMPTS, CHOICES, subject.view(visual))
    logits = subject.engine.choice_logits(PROMPTS, CHOICES, subject.view(visual))
    for row, choices in enumerate(CHOICES):
        assert [found.shape for found in logits[row]] == [(len(choice), 64) for choice in choices]
        found = [log_likelihood(one, choice) for one, choice in zip(logits[row], choices, strict=True)]
        assert scores[row] == pytest.approx(found, abs=1e-5)


@visual_and_blind
def test_a_cached_prompt_continues_as_if_it_were_run_again(subject: Subject, visual: bool) -> None:
    """The contract's own way to the logits of choices, on the cache, equals the way that the engine takes."""
    cached = Engine.choice_logits(subject.engine, PROMPTS, CHOICES, subject.view(visual))
    direct = subject.engine.choice_logits(PROMPTS, CHOICES, subject.view(visual))
    for row in range(len(PROMPTS)):
        for found, expected in zip(cached[row], direct[row], strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-4)


@visual_and_blind
def test_tokens_are_those_of_transformers_greedy_search(
    subject: Subject, model: MultimodalModel, features: torch.Tensor, visual: bool
) -> None:
    answers = subject.engine.generate(PROMPTS, LIMITS, subject.view(visual))
    for row, (prompt, limit) in enumerate(zip(PROMPTS, LIMITS, strict=True)):
        assert answers[row] == reference_generate(model, prompt, features[row] if visual else None, limit)
        assert len(answers[row]) == limit


@visual_and_blind
def test_a_stop_token_ends_its_own_sequence_alone(
    subject: Subject, model: MultimodalModel, features: torch.Tensor, visual: bool
) -> None:
    stop = subject.engine.generate(PROMPTS, LIMITS, subject.view(visual))[0][4]
    answers = subject.engine.generate(PROMPTS, LIMITS, subject.view(visual), stop={stop})
    expected = [
        reference_generate(model, prompt, features[row] if visual else None, LIMITS[row], stop)
        for row, prompt in enumerate(PROMPTS)
    ]
    assert answers == expected
    assert len(answers[0]) <= 4
    assert any(len(answer) == limit for answer, limit in zip(answers, LIMITS, strict=True))


def test_a_first_token_that_stops_leaves_an_empty_answer(subject: Subject) -> None:
    first = subject.engine.generate(PROMPTS, [1] * len(PROMPTS))
    assert subject.engine.generate(PROMPTS, LIMITS, stop={token for (token,) in first}) == [[]] * len(PROMPTS)


@visual_and_blind
def test_a_row_does_not_depend_on_its_batch(subject: Subject, visual: bool) -> None:
    engine = subject.engine
    scores = engine.score(PROMPTS, CHOICES, subject.view(visual))
    answers = engine.generate(PROMPTS, LIMITS, subject.view(visual))
    for row in range(len(PROMPTS)):
        image = subject.view(visual, [row])
        assert engine.score(PROMPTS[row : row + 1], CHOICES[row : row + 1], image)[0] == pytest.approx(
            scores[row], abs=1e-4
        )
        assert engine.generate(PROMPTS[row : row + 1], LIMITS[row : row + 1], image)[0] == answers[row]


def test_steps_of_a_stream_are_the_generated_tokens(subject: Subject) -> None:
    state = subject.engine.prefill(PROMPTS, subject.view(True))
    streamed: list[list[int]] = [[] for _ in PROMPTS]
    for step in subject.engine.stream(state, LIMITS):
        for row, token in step.items():
            streamed[row].append(token)
    assert streamed == subject.engine.generate(PROMPTS, LIMITS, subject.view(True))


def test_image_and_question_change_the_answer(subject: Subject) -> None:
    def score(prompt: list[int], image: Any) -> list[float]:
        return subject.engine.score([prompt], CHOICES[:1], image)[0]

    first = score(PROMPTS[0], subject.view(True, [0]))
    assert first != pytest.approx(score(PROMPTS[0], subject.view(True, [1])), abs=1e-3)
    assert first != pytest.approx(score(PROMPTS[0], None), abs=1e-3)
    assert first != pytest.approx(score(PROMPTS[1], subject.view(True, [0])), abs=1e-3)


def test_engines_agree(subjects: dict[str, Subject]) -> None:
    for visual in (True, False):
        scores = [one.engine.score(PROMPTS, CHOICES, one.view(visual)) for one in subjects.values()]
        for row in range(len(PROMPTS)):
            assert scores[0][row] == pytest.approx(scores[1][row], abs=1e-4)
        answers = [one.engine.generate(PROMPTS, LIMITS, one.view(visual)) for one in subjects.values()]
        assert answers[0] == answers[1]


@visual_and_blind
def test_sequences_that_were_put_together_continue_as_alone(subject: Subject, visual: bool) -> None:
    """Sequences of different lengths, some with padding between tokens, in another order and one of them twice."""
    engine = subject.engine
    first = engine.prefill(PROMPTS[:3], subject.view(visual, range(3)))
    first = engine.decode(first, [[40, 41, 42], [43], [44, 45]])[1]
    second = engine.prefill(PROMPTS[3:], subject.view(visual, [3, 4]))
    merged = engine.merge([(second, [1]), (first, [2, 0, 2]), (second, [])])
    logits, after = engine.decode(merged, [[50, 51]] * 4)
    sequences = [PROMPTS[4], [*PROMPTS[2], 44, 45], [*PROMPTS[0], 40, 41, 42], [*PROMPTS[2], 44, 45]]
    alone = engine.prefill(sequences, subject.view(visual, [4, 2, 0, 2]))
    np.testing.assert_array_equal(merged.lengths, alone.lengths)
    np.testing.assert_allclose(merged.logits, alone.logits, atol=1e-4)
    expected, later = engine.decode(alone, [[50, 51]] * 4)
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    np.testing.assert_allclose(after.logits, later.logits, atol=1e-4)


def test_sequences_of_both_views_are_put_together_where_no_image_is_kept(subjects: dict[str, Subject]) -> None:
    onnx, network = subjects["onnx"], subjects["torch"]
    seen, blind = (onnx.engine.prefill(PROMPTS[:1], onnx.view(visual, [0])) for visual in (True, False))
    both = onnx.engine.decode(onnx.engine.merge([(seen, [0]), (blind, [0])]), [[50], [50]])[1]
    for row, state in enumerate((seen, blind)):
        np.testing.assert_allclose(both.logits[row], onnx.engine.decode(state, [[50]])[1].logits[0], atol=1e-4)
    states = [(network.engine.prefill(PROMPTS[:1], network.view(visual, [0])), [0]) for visual in (True, False)]
    with pytest.raises(PromptError, match="with and without an image"):
        network.engine.merge(states)


REFUSED: dict[str, tuple[Callable[[Subject], object], str]] = {
    "no prompts": (lambda one: one.engine.generate([], []), "0 prompts"),
    "an empty prompt": (lambda one: one.engine.prefill([[5], []]), "prompt 1 is empty"),
    "a prompt too long": (lambda one: one.engine.prefill([[5], [6] * 65]), "has 65 tokens .* the model reads 64"),
    "too long with its image": (lambda one: one.engine.prefill([[5] * 60], one.view(True, [0])), "of them for the im"),
    "too long with its limit": (lambda one: one.engine.generate([[5] * 60], [5]), "and 5 to come"),
    "too long with its choice": (lambda one: one.engine.score([[5] * 60], [[[6] * 5]]), "and 5 to come"),
    "a limit of nothing": (lambda one: one.engine.generate([[5]], [0]), "a limit of 0 tokens"),
    "limits of other prompts": (lambda one: one.engine.generate([[5]], [1, 2]), "1 prompts with 2 limits"),
    "an empty choice": (lambda one: one.engine.score([[5]], [[[6], []]]), "prompt 0 has no choices, or an empty one"),
    "no choices": (lambda one: one.engine.score([[5]], [[]]), "prompt 0 has no choices"),
    "choices of other prompts": (lambda one: one.engine.score([[5]], [[[6]], [[7]]]), "1 prompts with choices for 2"),
    "other images": (lambda one: one.engine.prefill([[5]], one.view(True, [0, 1])), "1 prompts with 2 images"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_answered_is_refused_in_words(subject: Subject, case: str) -> None:
    ask, words = REFUSED[case]
    with pytest.raises(PromptError, match=words):
        ask(subject)


def test_the_longest_prompt_that_fits_is_answered(subject: Subject) -> None:
    assert len(subject.engine.generate([[5] * 60], [4])[0]) == 4


@pytest.fixture(params=FUSIONS.names())
def fused(request: pytest.FixtureRequest, model: MultimodalModel, features: torch.Tensor) -> Subject:
    """The torch engine with each fusion in turn, its weights drawn wide enough that it changes the answer."""
    fusion = FUSIONS.read(request.param).build(spec_of(model.language))
    torch.manual_seed(2)
    for parameter in fusion.parameters():
        torch.nn.init.normal_(parameter)
    engine = TorchEngine(MultimodalModel(model.language, model.connector, fusion).eval())
    return Subject(engine, lambda rows: {"grid": features[rows]})


def test_every_fusion_decodes_on_a_cache_as_without(fused: Subject) -> None:
    images = fused.view(True)
    cached, direct = (kind.choice_logits(fused.engine, PROMPTS, CHOICES, images) for kind in (Engine, TorchEngine))
    for row in range(len(PROMPTS)):
        for found, expected in zip(cached[row], direct[row], strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-4)


def test_every_fusion_continues_sequences_that_were_put_together(fused: Subject) -> None:
    states = [fused.engine.prefill(PROMPTS[row : row + 1], fused.view(True, [row])) for row in (0, 1)]
    merged = fused.engine.decode(fused.engine.merge([(state, [0]) for state in states]), [[50], [51]])[1]
    for row, state in enumerate(states):
        np.testing.assert_allclose(merged.logits[row], fused.engine.decode(state, [[50 + row]])[1].logits[0], atol=1e-4)


def test_every_fusion_generates_the_likeliest_tokens_alone_and_in_a_batch(fused: Subject) -> None:
    answers = fused.engine.generate(PROMPTS, LIMITS, fused.view(True))
    logits = fused.engine.choice_logits(PROMPTS, [[answer] for answer in answers], fused.view(True))
    for row, (prompt, limit) in enumerate(zip(PROMPTS, LIMITS, strict=True)):
        assert logits[row][0].argmax(axis=1).tolist() == answers[row]
        assert fused.engine.generate([prompt], [limit], fused.view(True, [row])) == [answers[row]]
    assert answers != fused.engine.generate(PROMPTS, LIMITS)


def test_questions_in_text_are_answered_by_either_engine(subject: Subject) -> None:
    words = ["<|bos|>", "<|eos|>", "<|pad|>", *(chr(33 + index) for index in range(60))]
    tokenizer = Tokenizer(models.BPE({word: index for index, word in enumerate(words)}, [], unk_token="<|pad|>"))
    tokenizer.add_special_tokens(words[:3])
    images = {"cat": 0, "dog": 1}
    answering = EngineAnswering(
        subject.engine, tokenizer, lambda names: subject.images([images[name] for name in names])
    )
    seen = answering.score(["A?", "B"], [["C", "DE"], ["F"]], ["dog", "cat"])
    blind = answering.score(["A?", "B"], [["C", "DE"], ["F"]], None)
    assert [len(row) for row in seen] == [2, 1]
    assert seen != blind
    assert answering.score(["B"], [["F"]], ["cat"])[0] == pytest.approx(seen[1], abs=1e-4)
    assert answering.prompt_length("A?") < answering.prompt_length("A? B C")
    texts = answering.generate(["A?", "B"], [4, 2], ["dog", "cat"])
    assert texts[1:] == answering.generate(["B"], [2], ["cat"])
