"""How a question is put to a model and how its answers are scored: one place for training, evaluation and serving.

A sequence is: `<|bos|>`, as every text begins, then image tokens where there is an image, then
`Question: {question} Answer:`, then ` {answer}<|eos|>`. A choice scores the sum of the log-probabilities of its
answer's tokens, `<|eos|>` included. A document is `<|bos|>`, its text with images in it, and `<|eos|>`. Needs no torch,
so that a server can use it.
"""

from collections.abc import Sequence
from typing import Protocol

from inkling.models.sequence.special_tokens import BOS, EOS, IMAGE_TAG


class TokenizedText(Protocol):
    """What a tokenizer returns."""

    @property
    def ids(self) -> list[int]:
        """Token ids."""


class Tokenizer(Protocol):
    """The part of `tokenizers.Tokenizer` that prompts need."""

    def encode(self, sequence: str, *, add_special_tokens: bool = ...) -> TokenizedText:
        """Encodes text."""


def prompt_text(question: str) -> str:
    """The text that a model continues with an answer; a LLaVA image tag in the question is dropped.

    Raises:
        ValueError: If nothing is asked.
    """
    return BOS + chat_text(question)


def chat_text(question: str, history: Sequence[tuple[str, str]] = (), system: str = "") -> str:
    """The chat template: a conversation as training renders it, up to where its next answer follows.

    `Question: {system} {first question} Answer: {first answer} Question: {question} Answer:`, every white space a
    single space. The model reads it behind `<|bos|>` and the image, whichever turn showed that. Training data has no
    system messages: one is read as the beginning of the first question.

    Args:
        question: What is asked now.
        history: Earlier questions with their answers.
        system: What the system message says.

    Raises:
        ValueError: If nothing is asked.
    """
    if not _spaced(question):
        raise ValueError("the question is empty")
    return f"Question: {_spaced(f'{system} {follow_up(history, question)}')} Answer:"


def follow_up(before: Sequence[tuple[str, str]], question: str) -> str:
    """A request of a conversation as one question: what was asked and answered before it, then the request itself.

    Args:
        before: Earlier requests with their answers.
        question: The request.
    """
    return "".join(f"{asked} Answer: {said} Question: " for asked, said in before) + question


def answer_text(answer: str) -> str:
    """The text of an answer as it follows a prompt.

    Raises:
        ValueError: If the answer is empty.
    """
    said = " ".join(answer.split())
    if not said:
        raise ValueError("the answer is empty")
    return f" {said}{EOS}"


def document_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of the texts of a document between whose parts images stand, the closing `<|eos|>` with the last one.

    A text that is empty has none, unless it is the last.

    Args:
        tokenizer: The tokenizer.
        texts: The texts in their order; behind the first that says something each begins with a space.
    """
    spaced = [_spaced(text) for text in texts]
    said = [(" " if text and any(spaced[:place]) else "") + text for place, text in enumerate(spaced)]
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in (*said[:-1], said[-1] + EOS)]


def _spaced(text: str) -> str:
    return " ".join(text.replace(IMAGE_TAG, " ").split())


def prompt_ids(tokenizer: Tokenizer, question: str) -> list[int]:
    """Token ids of a question's prompt."""
    return tokenizer.encode(prompt_text(question), add_special_tokens=False).ids


def answer_ids(tokenizer: Tokenizer, answer: str) -> list[int]:
    """Token ids of an answer, the closing `<|eos|>` included."""
    return tokenizer.encode(answer_text(answer), add_special_tokens=False).ids
