"""Completions: texts continued as they come, and scored where their log-probabilities are asked for."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import Response

from inkling.components.serve.generation import Generation
from inkling.components.serve.model import InklingModel
from inkling.components.serve.predictor import Predictor
from inkling.components.serve.protocols.openai.completion_request import CompletionRequest, Prompt
from inkling.components.serve.protocols.openai.logprobs import CompletionTokens
from inkling.components.serve.protocols.openai.responses import CompletionChoice, CompletionLogprobs, TextCompletion
from inkling.components.serve.protocols.openai.streams import DONE, AnswerGroup, EventStream, event, json_reply
from inkling.components.serve.record import current
from inkling.components.serve.request import Delta, GenerationRequest, TokenLogprob
from inkling.models.inference.engine import Ids
from inkling.models.sequence.special_tokens import EOS_ID
from inkling.models.sequence.views import ServedView

_VIEW: ServedView = "blind"


@dataclass(frozen=True)
class EchoedPrompt:
    """A prompt that stands before its continuation.

    Attributes:
        text: Its text; empty where it is not echoed.
        tokens: Its tokens with their log-probabilities, where those are asked for.
        end: `<|eos|>` as it would follow, where log-probabilities are asked for.
    """

    text: str = ""
    tokens: tuple[TokenLogprob, ...] = ()
    end: TokenLogprob | None = None


async def answer_completion(asked: CompletionRequest, model: InklingModel) -> Response:
    """Continues the prompts of a request.

    Raises:
        BadRequest: If a prompt cannot be read, or is too long.
        Busy: If too many requests wait already.
    """
    with current().step("read"):
        read = [tuple(await model.predictor.tokens(prompt)) for prompt in asked.prompt]  # the first that fails ends it
        prompts = zip(asked.prompt, read, strict=True)
        echoed = await asyncio.gather(*(_echo(asked, prompt, ids, model.predictor) for prompt, ids in prompts))
        starts = [
            partial(_begin, model.predictor, request, echo)
            for ids, echo in zip(read, echoed, strict=True)
            for request in asked.generations(ids)
        ]
        answers = await AnswerGroup.begin(starts, asked.n or 1)
    reply = _Reply(asked, [echo for echo in echoed for _ in range(asked.n or 1)], model.name)
    if asked.stream:
        return EventStream(reply.streamed(answers), answers.close)
    return reply.whole(await answers.whole(), answers)


async def _echo(asked: CompletionRequest, prompt: Prompt, ids: Ids, predictor: Predictor) -> EchoedPrompt:
    if not asked.echo:
        return EchoedPrompt()
    if asked.logprobs is None and isinstance(prompt, str):
        return EchoedPrompt(prompt)
    further = (EOS_ID,) if asked.max_tokens != 0 else ()
    own = prompt if isinstance(prompt, tuple) else ids[1:]
    scored = await predictor.token_logprobs((*own, *further), max(asked.logprobs or 0, 1))
    tokens, end = (scored[:-1], scored[-1]) if further else (scored, None)
    text = prompt if isinstance(prompt, str) else b"".join(one.bytes for one in tokens).decode(errors="replace")
    return EchoedPrompt(text, tuple(tokens) if asked.logprobs is not None else (), end)


async def _begin(predictor: Predictor, request: GenerationRequest, echo: EchoedPrompt) -> Generation:
    """Begins a continuation; one of no tokens, or of the likeliest one after a scored prompt, is there at once."""
    if request.max_new_tokens == 0:
        return _ready(request, Delta("", 0, "length"))
    if request.max_new_tokens == 1 and request.sampling.temperature == 0 and echo.end and not request.stop:
        likeliest = echo.end.top[0]
        if likeliest.id == EOS_ID:
            return _ready(request, Delta("", 0, "stop", (echo.end,)))
        drawn = TokenLogprob(likeliest.id, likeliest.text, likeliest.bytes, likeliest.logprob, echo.end.top)
        text = drawn.bytes.decode(errors="replace")
        return _ready(request, Delta(text, 1, "length", (drawn,)))
    return await predictor.generate(request)


def _ready(request: GenerationRequest, delta: Delta) -> Generation:
    generation = Generation(len(request.prompt), _VIEW, lambda: None)
    generation.receive(delta)
    return generation


class _Reply:
    """The continuations of a request as they go over the wire."""

    def __init__(self, asked: CompletionRequest, echoed: Sequence[EchoedPrompt], model: str) -> None:
        self._asked, self._echoed = asked, echoed
        self._tokens = [CompletionTokens() for _ in echoed]
        self._common: dict[str, Any] = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model,
            "view": _VIEW,
        }

    def whole(self, found: Sequence[Delta], answers: AnswerGroup) -> Response:
        choices = [
            self._choice(number, self._echoed[number].text + delta.text, delta, self._echoed[number])
            for number, delta in enumerate(found)
        ]
        return json_reply(TextCompletion(choices=choices, usage=answers.usage(found), **self._common))

    async def streamed(self, answers: AnswerGroup) -> AsyncIterator[str]:
        last: dict[int, Delta] = {}
        for number, echo in enumerate(self._echoed):
            if echo.text or echo.tokens:
                yield self._event(self._choice(number, echo.text, Delta("", 0), echo))
        async for number, delta in answers.deltas():
            last[number] = delta
            yield self._event(self._choice(number, delta.text, delta, EchoedPrompt()))
        usage = answers.usage(list(last.values()))
        if self._asked.usage_wanted:
            yield event(TextCompletion(choices=[], usage=usage, **self._common))
        yield DONE

    def _event(self, choice: CompletionChoice) -> str:
        usage = {"usage": None} if self._asked.usage_wanted else {}
        return event(TextCompletion(choices=[choice], **self._common, **usage))

    def _choice(self, number: int, text: str, delta: Delta, echo: EchoedPrompt) -> CompletionChoice:
        return CompletionChoice(
            index=number, text=text, logprobs=self._logprobs(number, delta, echo), finish_reason=delta.finish
        )

    def _logprobs(self, number: int, delta: Delta, echo: EchoedPrompt) -> CompletionLogprobs | None:
        if self._asked.logprobs is None:
            return None
        return self._tokens[number].next((*echo.tokens, *delta.logprobs), self._asked.logprobs)
