"""Texts of requests, read into ids of tokens within the model's context; long ones beside the event loop."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tokenizers import Tokenizer

from inkling.components.serve.request import BadRequest
from inkling.models.sequence.prompt import answer_text, chat_text
from inkling.models.sequence.special_tokens import BOS_ID, SPECIAL_TOKENS

_CHARACTERS = 64  # of a token at most, on average; longer texts are refused before they cost time
_SHORT = 1_000  # characters that are tokenized at once; more take a millisecond, in which others would wait
_NO_TEXT = "a question or choice must be valid Unicode text"


class TextReader:
    """Reads prompts and choices; whoever is read first and is too long ends the reading of a request.

    Attributes:
        max_characters: Of a text at most.
    """

    def __init__(self, tokenizer: Tokenizer, context: int) -> None:
        """Takes the model's tokenizer, and the positions that it reads at most."""
        self.max_characters = _CHARACTERS * context
        self._tokenizer, self._context = tokenizer, context
        self._thread = ThreadPoolExecutor(1, "tokens")

    async def ids(self, prompt: str | Sequence[int]) -> list[int]:
        """Ids of a prompt's tokens, `<|bos|>` in front.

        Raises:
            BadRequest: If it cannot be read, or is far longer than the model reads.
        """
        if isinstance(prompt, str):
            self._check(prompt)
            return [BOS_ID, *await self._encode(prompt)]
        size = self._tokenizer.get_vocab_size()
        for token in prompt:
            if not 0 <= token < size:
                raise BadRequest(f"{token} is no id of a token: the model has {size}, from 0 on")
        return list(prompt) if list(prompt[:1]) == [BOS_ID] else [BOS_ID, *prompt]

    async def chat_ids(self, question: str) -> list[int]:
        """Ids of a question's prompt.

        Raises:
            BadRequest: As `ids`, or if nothing is asked.
        """
        self._check(question)  # before white space is looked for
        try:
            prompt = chat_text(question)
        except ValueError as error:
            raise BadRequest(str(error)) from None
        return await self.ids(prompt)

    async def answers(self, choices: Sequence[str], before: int) -> list[list[int]]:
        """Ids of each choice's tokens as an answer behind so many tokens.

        Raises:
            BadRequest: If one is empty, cannot be read or does not fit.
        """
        answers = []
        for choice in choices:
            self._check(choice)
            try:
                answer = answer_text(choice)
            except ValueError as error:
                raise BadRequest(str(error)) from None
            answers.append(await self._encode(answer))
            if before + len(answers[-1]) > self._context:
                raise BadRequest(
                    f"question and choice {len(answers)} have {before + len(answers[-1])} tokens; the model reads "
                    f"{self._context}"
                )
        return answers

    async def _encode(self, text: str) -> list[int]:
        if len(text) <= _SHORT:
            return self._tokens(text)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._tokens, text)

    def _tokens(self, text: str) -> list[int]:
        try:
            # A batch, since only that lets other threads run meanwhile.
            return self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids
        except TypeError:
            raise BadRequest(_NO_TEXT) from None

    def _check(self, text: str) -> None:
        if len(text) > self.max_characters:
            raise BadRequest(f"a text has {len(text):,} characters; the model reads {self._context} tokens at most")
        for mark in SPECIAL_TOKENS:
            if mark in text:
                raise BadRequest(f"a question or choice may not contain {mark}")
