"""What an evaluation needs of a model, in text: an engine with its tokenizer has it, and so may an endpoint."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, Protocol

from tokenizers import Tokenizer

from inkling.models.inference.engine import Engine, Floats, Images
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.sequence.special_tokens import EOS

Inside = Callable[[Engine[Images, Any], Images | None], AbstractContextManager[Images | None]]
"""What is changed inside an engine for one pass: it gives what the engine takes of the images in their place."""


class Answering(Protocol):
    """A model that is asked batches of questions; images are named, None asks blind."""

    def prompt_length(self, question: str) -> int:
        """How long a question is to the model, so that batches of like length can be made."""

    def answer_tokens(self, answer: str) -> list[int]:
        """Token ids of an answer as it follows a prompt, without what ends it."""

    def score(
        self, questions: Sequence[str], choices: Sequence[Sequence[str]], images: Sequence[str] | None
    ) -> list[list[float]]:
        """Log-likelihood in nats of each choice of each question.

        Args:
            questions: The questions.
            choices: The choices of each.
            images: Name of each question's image.
        """

    def generate(self, questions: Sequence[str], limits: Sequence[int], images: Sequence[str] | None) -> list[str]:
        """The answer to each question in the model's own words, the most likely token at each step.

        Args:
            questions: The questions.
            limits: Tokens at most of each answer.
            images: Name of each question's image.
        """


class EngineAnswering(Generic[Images]):
    """An engine that is asked in text; is `Answering`.

    Attributes:
        engine: The engine.
    """

    def __init__(
        self, engine: Engine[Images, Any], tokenizer: Tokenizer, images: Callable[[Sequence[str]], Images]
    ) -> None:
        """Puts the parts together.

        Args:
            engine: The engine.
            tokenizer: The model's tokenizer.
            images: Gives what the engine takes of named images, in their order.

        Raises:
            ValueError: If the tokenizer has no token that ends an answer.
        """
        self.engine, self._tokenizer, self._images = engine, tokenizer, images
        self._stop = stop_id(tokenizer)

    def prompt_length(self, question: str) -> int:
        """Tokens of a question's prompt."""
        return len(prompt_ids(self._tokenizer, question))

    def answer_tokens(self, answer: str) -> list[int]:
        """As `Answering` says."""
        return answer_ids(self._tokenizer, answer)[:-1]

    def answer_ids(self, answer: str) -> list[int]:
        """Token ids of an answer as it follows a prompt, with what ends it."""
        return answer_ids(self._tokenizer, answer)

    def tokens(self, answer: str) -> list[str]:
        """The tokens of an answer as it follows a prompt, with what ends it, as the vocabulary writes them."""
        return [str(self._tokenizer.id_to_token(token)) for token in answer_ids(self._tokenizer, answer)]

    def score(
        self, questions: Sequence[str], choices: Sequence[Sequence[str]], images: Sequence[str] | None
    ) -> list[list[float]]:
        """As `Answering` says; errors are those of `Engine.score`."""
        prompts = [prompt_ids(self._tokenizer, question) for question in questions]
        answers = [[answer_ids(self._tokenizer, choice) for choice in group] for group in choices]
        return self.engine.score(prompts, answers, None if images is None else self._images(images))

    def choice_logits(
        self,
        questions: Sequence[str],
        choices: Sequence[Sequence[str]],
        images: Sequence[str] | None,
        inside: Inside[Images] | None = None,
    ) -> list[list[Floats]]:
        """Logits that predict each token of each choice and what ends it, each (tokens, vocabulary).

        Args:
            questions: The questions.
            choices: The choices of each.
            images: Name of each question's image; None asks blind.
            inside: What is changed for this pass.
        """
        prompts = [prompt_ids(self._tokenizer, question) for question in questions]
        answers = [[answer_ids(self._tokenizer, choice) for choice in group] for group in choices]
        seen = None if images is None else self._images(images)
        with nullcontext(seen) if inside is None else inside(self.engine, seen) as shown:
            return self.engine.choice_logits(prompts, answers, shown)

    def generate(self, questions: Sequence[str], limits: Sequence[int], images: Sequence[str] | None) -> list[str]:
        """As `Answering` says; errors are those of `Engine.generate`."""
        prompts = [prompt_ids(self._tokenizer, question) for question in questions]
        seen = None if images is None else self._images(images)
        found = self.engine.generate(prompts, limits, seen, stop={self._stop})
        return [self._tokenizer.decode(tokens).strip() for tokens in found]


def stop_id(tokenizer: Tokenizer) -> int:
    """Id of the token that ends an answer.

    Raises:
        ValueError: If the tokenizer has none.
    """
    token = tokenizer.token_to_id(EOS)
    if token is None:
        raise ValueError(f"the tokenizer has no {EOS}")
    return token
