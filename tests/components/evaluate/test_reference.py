"""The slow, obvious way to evaluate: one question, one option, one pass of transformers' own model; ours is the same.

The reference reads the model's files with transformers, lays an image's tokens behind the first token of the text and
runs one sequence: no batch, no padding, no packing, no cache. Questions, images and words are drawn from a seed; the
weights are wide enough that answers differ from question to question and from view to view.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.resume_log import ResumeLog
from inkling.components.evaluate.scoring import score_questions
from inkling.models.connectors import CONNECTORS
from inkling.models.inference.answering import EngineAnswering
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.views import VIEWS

BOS, EOS = 0, 1
WORDS = ["<|bos|>", "<|eos|>", "<|pad|>", "Question:", "Answer:", *(f"word{index}" for index in range(90))]
IMAGES, TOKENS, CHANNELS, WIDTH = 40, 9, 24, 48
NEW_TOKENS = 12
SIZES = pytest.mark.parametrize("count", [20, pytest.param(500, marks=pytest.mark.soak)], ids=["few", "many"])
FEWER = pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.soak)], ids=["few", "many"])


@dataclass(frozen=True)
class Subject:
    """A model as files and as ours.

    Attributes:
        language: The language model, read by transformers.
        model: The same with its connector.
        features: Features of each image (images, tokens, channels).
    """

    language: LlamaForCausalLM
    model: MultimodalModel
    features: torch.Tensor

    def answering(self) -> EngineAnswering:
        """Ours."""
        words = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<|pad|>"))
        words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        words.add_special_tokens(WORDS[:3])
        return EngineAnswering(
            TorchEngine(self.model), words, lambda names: {"grid": self.features[[int(name) for name in names]]}
        )

    def inputs(self, ids: Sequence[int], image: str | None) -> torch.Tensor:
        """Embeddings of one text with an image behind its first token, or without (1, length, hidden_size)."""
        text = self.language.get_input_embeddings()(torch.tensor([list(ids)]))
        if image is None:
            return text
        seen = self.model.connector(self.features[int(image)][None])
        return torch.cat([text[:, :1], seen, text[:, 1:]], dim=1)

    @torch.inference_mode()
    def log_likelihood(self, question: Question, choice: str, image: str | None) -> float:
        """Of one choice, from one pass over one sequence."""
        answer = [*ids_of(choice), EOS]
        logits = self.language(inputs_embeds=self.inputs(prompt_of(question) + answer, image), use_cache=False).logits
        predicted = logits[0, -len(answer) - 1 : -1].double().log_softmax(-1)  # (answer, vocabulary)
        return sum(float(predicted[place, token]) for place, token in enumerate(answer))

    @torch.inference_mode()
    def generated(self, question: Question, image: str | None) -> str:
        """What `generate` of transformers says, greedily."""
        embedded = self.inputs(prompt_of(question), image)
        tokens = self.language.generate(
            inputs_embeds=embedded, attention_mask=torch.ones(embedded.shape[:2]), do_sample=False,
            max_new_tokens=NEW_TOKENS, eos_token_id=EOS, pad_token_id=2,
        )[0].tolist()  # fmt: skip
        said = tokens[: tokens.index(EOS)] if EOS in tokens else tokens
        return " ".join(WORDS[token] for token in said if token > 2).strip()


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A model of random weights, far wider than those that training begins with."""
    torch.manual_seed(4)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=WIDTH, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=96, initializer_range=0.25,
    )  # fmt: skip
    connector = CONNECTORS.read("mlp").build({"grid": (TOKENS, CHANNELS)}, WIDTH)
    for parameter in connector.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    place = tmp_path_factory.mktemp("model")
    MultimodalModel(LlamaForCausalLM(config), connector).save(place)
    features = torch.from_numpy(np.random.default_rng(2).normal(size=(IMAGES, TOKENS, CHANNELS)).astype(np.float32))
    language = LlamaForCausalLM.from_pretrained(place / "language").eval()
    return Subject(language, MultimodalModel.load(place), features)


def ids_of(text: str) -> list[int]:
    return [WORDS.index(word) for word in text.split()]


def prompt_of(question: Question) -> list[int]:
    return [BOS, *ids_of(f"Question: {question.question} Answer:")]


def shown(question: Question, view: str) -> str | None:
    return {"visual": question.image_id, "mismatched": question.mismatched_image_id, "blind": None}[view]


def drawn(count: int) -> list[Question]:
    """Questions of 1 to 14 words with two to seven choices of one to five words."""
    random, questions = np.random.default_rng(count), []

    def some(least: int, most: int) -> str:
        return " ".join(WORDS[5 + index] for index in random.integers(0, 90, random.integers(least, most + 1)))

    for number in range(count):
        choices = [*dict.fromkeys(some(1, 4) for _ in range(random.integers(2, 7))), "word1 word2 word3 word4 word5"]
        image, other = random.choice(IMAGES, 2, replace=False)
        answer = choices[random.integers(len(choices))]
        questions.append(
            Question(
                f"q{number}", str(image), str(other), some(1, 14), choices, answer, "General", "any", "none", "test"
            )
        )
    return questions


def answers(
    subject: Subject, questions: list[Question], place: Path, **settings: object
) -> dict[tuple[str, str], Answer]:
    config = EvaluateConfig.parse({"seed": 3, "evaluate": {"threads": 1, "batch_size": 32, **settings}})
    with ResumeLog(place / "log.jsonl", "task") as log:
        found = score_questions(subject.answering(), questions, config, log)
    return {(one.view, one.question_id): one for one in found}


@SIZES
def test_likelihoods_and_choices_are_those_of_one_pass_an_option(subject: Subject, tmp_path: Path, count: int) -> None:
    questions = drawn(count)
    found = answers(subject, questions, tmp_path)
    assert len(found) == count * len(VIEWS)
    for view in VIEWS:
        for question in questions:
            image = shown(question, view)
            expected = [subject.log_likelihood(question, choice, image) for choice in question.choices]
            ours = found[view, question.question_id]
            assert ours.log_likelihoods == pytest.approx(expected, abs=1e-4, rel=0)
            assert ours.choice == int(np.argmax(expected))
    choices = {view: [found[view, question.question_id].choice for question in questions] for view in VIEWS}
    assert all(choices[one] != choices[other] for one in VIEWS for other in VIEWS if one != other)


@FEWER
def test_generated_words_are_those_of_transformers_greedy_search(subject: Subject, tmp_path: Path, count: int) -> None:
    questions = drawn(count)
    method = {"type": "generate", "prompt": "{question}", "max_new_tokens": NEW_TOKENS}
    found = answers(subject, questions, tmp_path, method=method)
    for view in VIEWS:
        said = [subject.generated(question, shown(question, view)) for question in questions]
        assert [found[view, question.question_id].text for question in questions] == said
        assert len(set(said)) > count / 2
        assert len({len(text.split()) for text in said}) > 1
