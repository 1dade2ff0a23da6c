"""Word match finds words that were planted in the image tokens, and nothing where there are none."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor, nn

from inkling.components.artifacts.questions import Question
from inkling.components.probe.contract import Subject
from inkling.components.probe.probes import PROBES

WORDS = ("red", "green", "blue", "black", "white", "pink")
COUNT = 60


def questions() -> list[Question]:
    """A question about each of 60 images: which of four words is it?"""
    random = np.random.default_rng(0)
    found = []
    for index in range(COUNT):
        choices = [WORDS[place] for place in random.permutation(len(WORDS))[:4]]
        found.append(
            Question(
                question_id=f"q{index}", image_id=f"i{index}", mismatched_image_id=f"i{(index + 1) % COUNT}",
                question="What colour?", choices=choices, answer=choices[int(random.integers(4))], category="General",
                family="colour", size_bucket="none", split="test",
            )
        )  # fmt: skip
    return found


class Passing(nn.Module):
    """A connector that hands its features on."""

    inputs: ClassVar[dict[str, tuple[int, int]]] = {"grid": (2, 16)}

    def contents(self, grid: Tensor) -> Tensor:
        """The features."""
        return grid


def subject(planted: bool) -> Subject:
    """A model whose second image token is the answer's embedding where `planted`, and noise otherwise."""
    asked = questions()
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.train_from_iterator([" ".join(WORDS)], trainers.WordLevelTrainer(special_tokens=["<unk>"]))
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(tokenizer.get_vocab_size(), 16, generator=generator)
    language: Any = SimpleNamespace(get_input_embeddings=lambda: nn.Embedding.from_pretrained(table))
    tokens = torch.randn(COUNT, 2, 16, generator=generator) * 0.1
    for row, question in enumerate(asked):
        if planted:
            tokens[row, 1] += table[tokenizer.token_to_id(question.answer)]
    rows = {question.image_id: row for row, question in enumerate(asked)}

    def features(images: Sequence[str]) -> dict[str, Tensor]:
        return {"grid": tokens[[rows[image] for image in images]]}

    model: Any = SimpleNamespace(language=language, connector=Passing())
    return Subject(model, tokenizer, asked, features)


def test_planted_words_are_found() -> None:
    (found,) = PROBES.read("word_match").build().measure(subject(planted=True), np.random.default_rng(0))
    assert found.value == 1.0
    assert found.low is not None and found.low > found.null_high
    assert (found.name, found.count, found.images) == ("colour", COUNT, COUNT)
    assert found.details["right"] == {f"q{index}": True for index in range(COUNT)}


def test_choices_may_differ_in_number() -> None:
    """A question of two choices among those of four: neither is ever answered by a choice that it has not."""
    planted = subject(planted=True)
    fewer = [
        replace(one, choices=[one.answer, *(word for word in one.choices if word != one.answer)][: 2 + number % 3])
        for number, one in enumerate(planted.questions)
    ]
    (found,) = PROBES.read("word_match").build().measure(replace(planted, questions=fewer), np.random.default_rng(0))
    chance = (1 / 2 + 1 / 3 + 1 / 4) / 3
    assert found.value == 1.0 and (found.null_low + found.null_high) / 2 == pytest.approx(chance, abs=0.06)


def test_without_words_it_stays_within_its_null_distribution() -> None:
    (found,) = PROBES.read("word_match").build().measure(subject(planted=False), np.random.default_rng(0))
    assert found.null_low <= found.value <= found.null_high
    assert found.null_low < 0.25 < found.null_high
